//go:build realsense && (linux || darwin)

package realsense

import (
	"time"

	"github.com/depthwise/depthwise/capture"
)

// wraps watches a camera's clock, which counts microseconds in 32 bits and begins at 0 again every 71.6 minutes. Both streams
// share it, so that one which begins after a wrap is on the other's axis.
type wraps struct{ counter capture.Counter }

// since is the time of the wraps before at. Times beyond 32 bits are of a library that counts wraps itself.
func (w *wraps) since(at time.Duration) time.Duration {
	raw := int64(at / time.Microsecond)
	if raw < 0 || raw >= 1<<32 {
		return 0
	}
	w.counter.Bits, w.counter.Tick = 32, time.Microsecond
	return w.counter.Time(uint64(raw)) - time.Duration(raw)*time.Microsecond
}
