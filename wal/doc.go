// Package wal is a durable log of opaque records: segments with checksums,
// named cursors, a cap on the disk used, and recovery that always succeeds.
//
// It leaves to others what a record means, when to append one, when to wait
// for one, and whom to tell. It knows nothing of metrics: a record carries a
// number of items, and the log keeps exact books in items.
//
// One goroutine, the writing goroutine, calls [Open] and the methods of [Log]
// that change it ([Log.Append], [Log.Sync], [Log.Flush], [Log.OpenCursor],
// [Log.RemoveCursor], [Log.Close]). All other methods, and all of a [Cursor],
// may be called from any goroutine. A [Reader] belongs to one goroutine, and
// there may be many. Nobody waits for a reader, and no method waits for
// anything but the disk. The package starts no goroutine and reads no clock.
//
// # Reading the source
//
// The way of a record: append.go (encode, one write, sync, publish), segment.go
// (what readers may see of which file), scan.go (bytes of one segment to record
// headers, over damage), reader.go (records, gaps, primers), cursor.go (settled
// positions), cap.go (segments go). log.go has the options and the state.
// format.go and slots.go are the bytes on disk. recover.go is Open, examine.go
// what it asks of a file, report.go what it answers. inspect.go is the read-only
// view, lock.go the lock, fs.go the disk.
//
// # Goals
//
//   - A record is durable before anyone can read it (with SyncInterval 0).
//   - Damage costs the records it touches and those that cannot be decoded
//     without them, nothing else, and every lost item is counted.
//   - MaxBytes holds at every instant.
//   - After any failure of the disk the next Append starts afresh by itself.
//   - Opening takes a time that does not depend on the backlog's bytes.
//
// Non-goals: random access, compaction, encryption, compression, more than one
// writing process, disks shared over a network.
//
// # Words
//
// A record has a sequence number (Seq, strictly increasing, gaps allowed, from
// 1), the number of items it holds (Count) and the number of items ever
// appended before it (Base). A [Position] is a place between two records. What
// lies between two positions is known in items by subtracting their Bases, even
// if none of it can be read any more: this is how losses are counted exactly.
//
// A key record can be decoded alone. Any other needs all records since the last
// key record of its segment. The first record of a segment is a key record, so
// deleting one segment never breaks another.
//
// # Files
//
//	00000000000000000042.seg   a segment; the number is its first record's Seq
//	NAME.cursor                a cursor; bytes of the name other than
//	                           A-Z a-z 0-9 - _ are written %XX
//	STATE                      what the log must know without its segments
//	LOCK                       flock(2)ed while open; holds the process id
//	*.corrupt                  set aside by recovery, never read again
//
// Other files are left alone, though their bytes count towards the cap.
// All integers are little endian. CRC is CRC-32C (Castagnoli).
//
// # Segment
//
// A header of 64 bytes, then records without padding. The file grows by one
// write call per record; the first carries the header too.
//
//	 0        8    12   16      24      32      40       48        60   64
//	+--------+----+----+-------+-------+-------+--------+---------+----+
//	|ETWALSEG| v  | 0  | first | prev  | base  | time   |    0    |CRC |
//	+--------+----+----+-------+-------+-------+--------+---------+----+
//
//	v      format version, 1
//	first  Seq of the first record, equal to the number in the name
//	prev   Seq of the last record in the log before this segment, 0 if none
//	base   Base of the first record
//	time   latest Time of any record before this segment, 0 if none
//	CRC    of bytes 0 to 59
//
// A record of the segment before this one whose Seq is above prev was never
// acknowledged (its append failed) and is not part of the log.
//
// # Record
//
//	 0    4  5   8       16      24      32    36    40     44   48
//	+----+--+---+-------+-------+-------+-----+-----+------+----+---------+
//	|mark|fl| 0 |  seq  | base  | time  |count| len | pCRC |hCRC| payload |
//	+----+--+---+-------+-------+-------+-----+-----+------+----+---------+
//
//	mark   EB 57 A1 0D, to find records again after damage
//	fl     bit 0: key record
//	time   milliseconds, the caller's
//	count  items
//	len    bytes of payload, at most 64 MiB
//	pCRC   of the payload
//	hCRC   of bytes 0 to 43, its initial value being the record's address:
//	       x = first*0x9E3779B97F4A7C15 + offset in the file (mod 2^64),
//	       x>>32 xor x. A record is valid only where it was written, so
//	       neither a payload that holds an image of a record nor a stale block
//	       of another segment is taken for one.
//
// # Cursor and STATE
//
// Two slots of 512 bytes at offsets 0 and 512, written in turn, one write call
// each. The valid slot with the higher generation holds.
//
//	 0    4 5 6   8      16                               508  512
//	+----+-+-+---+------+--------------------------------+----+
//	|ETWS|v|k|len| gen  | payload, then zeroes           |CRC |
//	+----+-+-+---+------+--------------------------------+----+
//
//	k 'C'  payload: Seq 8, Base 8, then the caller's blob
//	k 'S'  payload: capped Seq 8, capped Base 8, end Seq 8, end Base 8, latest
//	       Time 8. Everything before capped was deleted for the cap's sake.
//	       End is a lower bound of the log's end.
//
// A cursor is not synced when set: losing its last moments means that records
// are sent twice. It is synced before a segment is deleted on its word.
// STATE is synced before a segment is deleted for the cap, and on closing.
//
// # Order of writes
//
//	append     make room; write; sync segment; (new: sync directory); publish
//	release    sync cursors; remove segments; sync directory
//	cap        write and sync STATE; remove segment; sync directory; then write
//	failure    cut or remove what was written; next append: new segment, key
//
// A segment is never written to again after a failed write or sync, nor by
// another process than the one that created it.
//
// # Recovery
//
//  1. Create the directory if needed and take the lock. A read-only file system
//     will do: what is there can be read.
//  2. Read STATE and the cursors. One with no valid slot is set aside.
//  3. Read the header of every segment. If it is damaged, look for a record: if
//     there is one the segment stays. A file too short for a record, or only
//     zeroes, is an interrupted creation and removed. Any other, and a segment
//     of a newer version, is set aside.
//  4. Read the newest segment to its end. Bytes after its last valid record
//     header that do not form a record are a torn tail, and cut. A whole record
//     whose payload is damaged stays, as counted damage. If there is no record,
//     it is removed or set aside as in 3, and the one before is the newest.
//     Then sync it, and the directory: what can be read must be durable.
//  5. The log ends at the highest Seq and the highest Base found in segments,
//     their names, cursors and STATE. No Seq is used twice.
//  6. Delete the oldest until the cap holds.
//
// The file is never appended to again: the next append starts a new one. All
// other segments are checked as they are read: after damage the reader
// searches the next mark with a valid header, then the next key record, and
// reports what it passed over as a [Gap].
//
// # Assumptions
//
//   - A sector of 512 bytes is written wholly or not at all.
//   - After fsync of a file its bytes, after fsync of a directory its names,
//     survive loss of power. After a failed fsync nothing is known.
//   - The kernel drops a flock when its process dies.
//   - The cap counts every file in blocks of 4 KiB. File systems that allocate
//     ahead or in larger blocks use more.
package wal
