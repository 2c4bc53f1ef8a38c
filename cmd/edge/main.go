// Edge turns RGB-D frames into segmentation masks.
//
//	edge run synth:                      # masks of the built-in synthetic camera, on the terminal
//	edge run recording/ --format pgm     # a folder's frames, one PGM after the other on stdout
//	edge --help
//
// Data goes to stdout, words go to stderr. The exit status is 0 when all went well, 1 when something failed, 2 when the
// command line is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// env is what a command works with: its streams, its end, and the flags that every command has.
type env struct {
	ctx    context.Context // ends on Ctrl-C, SIGTERM and SIGHUP
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	quiet  bool
	log    *slog.Logger
	kong   *kong.Kong
}

// usageError is an error of the command line: exit status 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// left is how kong's own exits (--help) come back to run.
type left int

// run is the program but for os: it returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if e := recover(); e != nil {
			l, ok := e.(left)
			if !ok {
				panic(e)
			}
			code = int(l)
		}
	}()
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("edge"),
		kong.Description("RGB-D frames in, segmentation masks out."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(c int) { panic(left(c)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "edge:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if err != nil {
		return complain(stderr, err)
	}
	e := &env{stdin: stdin, stdout: stdout, stderr: stderr, quiet: cli.Quiet, kong: parser}
	e.log = slog.New(newHandler(stderr, cli.LogLevel, cli.Quiet))

	signal.Ignore(syscall.SIGPIPE) // a closed stdout is an error of the write, not the end of the process
	ctx, stop := signal.NotifyContext(context.Background(), endings(signal.Ignored)...)
	defer stop()
	ended := make(chan struct{})
	defer close(ended)
	context.AfterFunc(ctx, func() {
		stop() // the second Ctrl-C ends the process at once
		select {
		case <-ended:
		case <-time.After(lastGrace): // whatever hangs has a shorter bound of its own
			fmt.Fprintf(stderr, "edge: did not end within %v of being told to: ending hard, what was being written may be torn\n", lastGrace)
			os.Exit(exitFailed)
		}
	})
	e.ctx = ctx
	if err := k.Run(e); err != nil {
		return complain(stderr, err)
	}
	return exitOK
}

// endings are the signals that end a command cleanly: Ctrl-C, a service manager's, and that of a terminal or a connection
// that goes away, unless nohup has it ignored.
func endings(ignored func(os.Signal) bool) []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// The bounds of what must end: a source and an output at the end of a run, and everything together after a signal.
const (
	closeGrace = 3 * time.Second // more than a pair gives its halves
	lastGrace  = 30 * time.Second
)

// within waits for f, but not for ever.
func within(d time.Duration, what string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				done <- fmt.Errorf("%s panics at its end: %v", what, v)
			}
		}()
		done <- f()
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(d):
		return fmt.Errorf("%s does not close within %v", what, d)
	}
}

func complain(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "edge: %v\n", err)
	var usage usageError
	var parse *kong.ParseError
	switch {
	case errors.As(err, &parse):
		if node := parse.Context.Selected(); node != nil {
			fmt.Fprintf(stderr, "edge: see edge %s --help\n", node.Path())
		} else {
			fmt.Fprintln(stderr, "edge: see edge --help")
		}
		return exitUsage
	case errors.As(err, &usage):
		return exitUsage
	}
	return exitFailed
}

// closedPipe tells whether err means that whoever read our output has gone, which is their right.
func closedPipe(err error) bool {
	const brokenPipe, noData = syscall.Errno(109), syscall.Errno(232) // ERROR_BROKEN_PIPE, ERROR_NO_DATA
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) ||
		runtime.GOOS == "windows" && (errors.Is(err, brokenPipe) || errors.Is(err, noData))
}
