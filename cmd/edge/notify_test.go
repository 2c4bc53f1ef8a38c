package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// listen is a fake of systemd's socket at a path or, with '@', of an abstract name.
func listen(t *testing.T, name string) (words func() []string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("systemd is on Linux alone")
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { conn.Close() })
	got := make(chan string, 1000) // the socket itself holds no more than ten
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			got <- strings.ReplaceAll(string(b[:n]), "\n", " ")
		}
	}()
	return func() (list []string) {
		for {
			select {
			case word := <-got:
				list = append(list, word)
			case <-time.After(50 * time.Millisecond):
				return list
			}
		}
	}
}

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestNotify(t *testing.T) {
	for _, name := range []string{filepath.Join(t.TempDir(), "notify"), fmt.Sprintf("@depthwise-test-%d", os.Getpid())} {
		words := listen(t, name)
		n, err := newNotifier(environment(map[string]string{"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "40000", "WATCHDOG_PID": strconv.Itoa(os.Getpid())}))
		if err != nil {
			t.Fatal(err)
		}
		n.status("waiting")
		n.status("waiting")
		if got := words(); len(got) != 1 || got[0] != "STATUS=waiting" {
			t.Errorf("%s: %q before the first frame", name, got)
		}
		for range 50 { // one sign of life is enough for many frames
			n.frame()
		}
		if got := words(); len(got) != 1 || got[0] != "READY=1 WATCHDOG=1" {
			t.Errorf("%s: %q at the first frames", name, got)
		}
		if got := words(); len(got) != 0 {
			t.Errorf("%s: %q without frames", name, got)
		}
		n.frame()
		n.stop()
		if got := words(); len(got) != 2 || got[0] != "WATCHDOG=1" || got[1] != "STOPPING=1" {
			t.Errorf("%s: %q at the end", name, got)
		}
		n.frame()
		n.stop()
	}
}

func TestNotifyWithoutService(t *testing.T) {
	for _, vars := range []map[string]string{{}, {"WATCHDOG_USEC": "1000"}} {
		n, err := newNotifier(environment(vars))
		if err != nil {
			t.Fatal(err)
		}
		n.frame()
		n.status("x")
		n.stop()
	}
	if n, err := newNotifier(environment(map[string]string{"NOTIFY_SOCKET": "/no/such/socket"})); err == nil {
		t.Error("a socket that is not there is no error")
	} else {
		n.frame() // and does no harm
		n.stop()
	}
	name := filepath.Join(t.TempDir(), "notify")
	words := listen(t, name)
	for _, vars := range []map[string]string{{"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "x"}, {}} {
		vars["NOTIFY_SOCKET"] = name
		n, err := newNotifier(environment(vars))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			n.frame()
			time.Sleep(2 * time.Millisecond)
		}
		if got := words(); len(got) != 1 {
			t.Errorf("%v: %q, though nobody watches", vars, got)
		}
		n.stop()
		words()
	}
}

// TestRunNotifies runs edge as a service does.
func TestRunNotifies(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify")
	words := listen(t, name)
	t.Setenv("NOTIFY_SOCKET", name)
	t.Setenv("WATCHDOG_USEC", "120000")
	t.Setenv("WATCHDOG_PID", "")
	good(t, "run", "synth:seed=7,cut=1,width=96,height=72,frames=20", "-m", student("early"), "--live", "--fps", "100", "-f", "ndjson")
	got := strings.Join(words(), "|")
	for _, want := range []string{"READY=1 WATCHDOG=1", "STATUS=masks by tiny-early, paired", "|WATCHDOG=1|", "|STOPPING=1"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if !strings.HasSuffix(got, "STOPPING=1") {
		t.Errorf("%q does not end with STOPPING", got)
	}
}
