//go:build realsense && (linux || darwin)

package realsense

import (
	"testing"
	"time"
)

// TestWraps: colour and depth of a clock of 32 bits, over two wraps, with depth's frames a little late and some out of order.
func TestWraps(t *testing.T) {
	const span = 1 << 32 * time.Microsecond
	var w wraps
	for i := range 20000 {
		real := span - time.Minute + time.Duration(i)*span/8000
		for _, back := range []time.Duration{0, 20 * time.Millisecond, 3 * time.Second} {
			at := real - back
			if told := at%span + w.since(at%span); told != at {
				t.Fatalf("frame %d: %v, want %v", i, told, at)
			}
		}
	}
	for _, at := range []time.Duration{-time.Second, span, 3 * span, 1700000000 * time.Second} {
		if d := w.since(at); d != 0 {
			t.Errorf("%v: moved by %v", at, d)
		}
	}
}
