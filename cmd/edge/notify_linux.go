package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// datagrams is a connected Unix socket of datagrams (unix(7)). Package net has them too, with all of TCP and DNS.
type datagrams struct{ fd int }

// dialDatagrams connects to a socket at a path or, with '@' before it, of an abstract name.
func dialDatagrams(name string) (*datagrams, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "connect", Path: name, Err: err}
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		unix.Close(fd)
		return nil, &os.PathError{Op: "connect", Path: name, Err: err}
	}
	return &datagrams{fd}, nil
}

// send sends a datagram, or loses it where there is no room for it now.
func (d *datagrams) send(s string) { unix.Write(d.fd, []byte(s)) }

func (d *datagrams) close() { unix.Close(d.fd) }
