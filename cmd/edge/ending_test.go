package main

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// closing is a source whose Close does what a test says.
type closing struct {
	capture.Source
	close func() error
}

func (c closing) Close() error { return c.close() }

// TestCloseSource ends with sources that fail to close, in every way.
func TestCloseSource(t *testing.T) {
	for _, test := range []struct {
		name  string
		close func() error
		took  time.Duration
		words string
	}{
		{"closes", func() error { return nil }, 0, ""},
		{"fails", func() error { return errors.New("no answer") }, 0, "no answer"},
		{"late", func() error { time.Sleep(time.Second); return nil }, time.Second, ""},
		{"hangs", func() error { time.Sleep(time.Hour); return nil }, closeGrace, "the source does not close within 3s"},
		{"panics", func() error { panic("driver") }, 0, "the source panics at its end: driver"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var words bytes.Buffer
			e := &env{log: slog.New(newHandler(&words, slog.LevelInfo, false))}
			begin := time.Now()
			closeSource(e, closing{close: test.close})
			if took := time.Since(begin); took != test.took || !strings.Contains(words.String(), test.words) || (test.words == "") != (words.Len() == 0) {
				t.Errorf("%s: %v, %q", test.name, took, words.String())
			}
			time.Sleep(2 * time.Hour) // until all have returned
		})
	}
}

// TestEndings leaves the hang-up to nohup.
func TestEndings(t *testing.T) {
	for _, ignored := range []bool{false, true} {
		list := endings(func(s os.Signal) bool { return ignored && s == syscall.SIGHUP })
		if slices.Contains(list, os.Signal(syscall.SIGHUP)) == ignored || !slices.Contains(list, os.Signal(syscall.SIGTERM)) ||
			!slices.Contains(list, os.Interrupt) {
			t.Errorf("hang-up ignored: %v: %v", ignored, list)
		}
	}
}
