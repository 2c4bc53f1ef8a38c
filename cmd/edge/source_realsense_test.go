//go:build realsense && (linux || darwin)

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// With the tag, and without a camera: what a user reads.
func TestRealSenseWithoutCamera(t *testing.T) {
	bad(t, exitUsage, []string{`option emitter="x"`}, "run", "realsense:emitter=x")
	t.Run("no library", func(t *testing.T) {
		t.Setenv("REALSENSE_LIB", filepath.Join(t.TempDir(), "absent.so"))
		bad(t, exitFailed, []string{"librealsense2 does not open", "absent.so", "REALSENSE_LIB", "docs/cameras.md"}, "run", "realsense:")
		code, out, words := edge("doctor")
		if code != exitOK || !strings.Contains(out, "RealSense cameras need the vendor's library") || strings.Contains(out, "panic") {
			t.Errorf("exit status %d: %s%s", code, out, words)
		}
	})
	if os.Getenv("REALSENSE_LIB") == "" {
		t.Skip("no librealsense2: make realsense")
	}
	code, out, words := edge("doctor")
	if code != exitOK || !strings.Contains(out, "cameras       librealsense2 2.") {
		t.Errorf("exit status %d: %s%s", code, out, words)
	}
	if !strings.Contains(out, "no RealSense camera is plugged in") {
		t.Skip("there is a camera")
	}
	bad(t, exitFailed, []string{"no such camera", "is it plugged in"}, "run", "realsense:serial=1")
}

// A recording gives the same masks through the vendor's library and through our own reader.
func TestRealSenseRecording(t *testing.T) {
	path := filepath.Join(realData(t), "recordings", "realsense-d435.bag")
	if os.Getenv("REALSENSE_LIB") == "" {
		t.Skip("no librealsense2: make realsense")
	}
	took := regexp.MustCompile(`"ms":\{[^}]*\}`)
	masks := func(source string) string {
		code, out, words := edge("run", source, "-m", student("early"))
		if code != exitOK || strings.Count(out, "\n") != 1 {
			t.Fatalf("%s: exit status %d, %d masks: %s", source, code, strings.Count(out, "\n"), words)
		}
		return took.ReplaceAllString(out, "")
	}
	if theirs, ours := masks("realsense:file="+path), masks(path); theirs != ours {
		t.Errorf("the library's recording gives\n%s\nours\n%s", theirs, ours)
	}
}
