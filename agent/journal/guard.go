package journal

import (
	"errors"
	"time"
)

// errSlowDisk is returned for an operation that the disk has not done in time. It
// may be done later.
var errSlowDisk = errors.New("the disk does not answer")

// diskPatience is how long a remote waits for the disk before it goes on without.
const diskPatience = 2 * time.Second

// guard keeps a disk that hangs from holding up its user: an operation that takes
// too long is left behind, and no other is begun before it has ended.
type guard struct {
	left chan error // of the operation left behind
}

// do does f, which must not use anything that its caller changes later, and
// waits for it within diskPatience.
func (g *guard) do(f func() error) error {
	if g.left != nil {
		select {
		case <-g.left:
			g.left = nil
		default:
			return errSlowDisk
		}
	}
	done := make(chan error, 1)
	go func() { done <- f() }()
	patience := time.NewTimer(diskPatience)
	defer patience.Stop()
	select {
	case err := <-done:
		return err
	case <-patience.C:
		g.left = done
		return errSlowDisk
	}
}
