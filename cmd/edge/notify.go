package main

import (
	"os"
	"strconv"
	"sync"
	"time"
)

// notifier tells systemd how the service does (sd_notify(3), sd_watchdog_enabled(3)): one datagram a word to the socket
// that $NOTIFY_SOCKET names. Without the variable every method does nothing. A socket that does not take a datagram at
// once loses it: frames do not wait for systemd.
type notifier struct {
	conn  *datagrams
	every time.Duration // between two signs of life; 0 = no watchdog

	mu    sync.Mutex
	ready bool
	last  time.Time
	said  string
}

// newNotifier looks at the environment. An unusable socket is an error that a caller may pass over.
func newNotifier(getenv func(string) string) (*notifier, error) {
	n := &notifier{}
	path := getenv("NOTIFY_SOCKET")
	if path == "" {
		return n, nil
	}
	conn, err := dialDatagrams(path)
	if err != nil {
		return n, err
	}
	n.conn = conn
	usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	pid := getenv("WATCHDOG_PID")
	if err == nil && usec > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		n.every = time.Duration(usec) * time.Microsecond / 2 // as sd_watchdog_enabled(3) advises
	}
	return n, nil
}

func (n *notifier) send(state string) {
	if n.conn == nil {
		return
	}
	n.conn.send(state)
}

// frame tells of a frame that was worked on: the first makes the service ready, later ones keep the watchdog quiet.
func (n *notifier) frame() {
	if n.conn == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	switch {
	case !n.ready:
		n.ready, n.last = true, now
		n.send("READY=1\nWATCHDOG=1")
	case n.every > 0 && now.Sub(n.last) >= n.every/2: // a frame may come just before the half is over
		n.last = now
		n.send("WATCHDOG=1")
	}
}

// status says in a line how the service does, as `systemctl status` shows it.
func (n *notifier) status(words string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if words != n.said {
		n.said = words
		n.send("STATUS=" + words)
	}
}

// stop tells that the service ends, and closes the socket.
func (n *notifier) stop() {
	n.send("STOPPING=1")
	if n.conn != nil {
		n.conn.close()
		n.conn = nil
	}
}
