package main

import (
	"net"
	"strings"
	"testing"
)

func TestLinks_OpenOnThisMachine(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:9478": "http://127.0.0.1:9478/api/v1/write",
		"0.0.0.0:9478":   "http://127.0.0.1:9478/api/v1/write",
		"[::]:9478":      "http://[::1]:9478/api/v1/write",
		"[fe80::1]:80":   "http://[fe80::1]:80/api/v1/write",
	} {
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := newLinks(a).write(); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

func TestLinks_Print(t *testing.T) {
	var b strings.Builder
	links{"http://127.0.0.1:9478"}.print(&b)
	const want = `push to                           http://127.0.0.1:9478/api/v1/write
look at                           http://127.0.0.1:9478/
count(up)                         http://127.0.0.1:9478/api/v1/query?query=count%28up%29
node_uname_info                   http://127.0.0.1:9478/api/v1/query?query=node_uname_info
rate(node_cpu_seconds_total[1m])  http://127.0.0.1:9478/api/v1/query?query=rate%28node_cpu_seconds_total%5B1m%5D%29

`
	if b.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", b.String(), want)
	}
}
