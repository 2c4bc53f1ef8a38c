package runtime

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Heat reads the temperatures and the throttling flags of a Linux machine.
//
// Temperatures are those of class/thermal/thermal_zone*/temp, millidegrees Celsius (kernel documentation,
// driver-api/thermal/sysfs-api). The Raspberry Pi's firmware tells in get_throttled, hexadecimal, bit 0 under-voltage,
// 1 the frequency is capped, 2 throttled, 3 the soft temperature limit (raspberrypi.com/documentation, vcgencmd).
type Heat struct {
	Root  string  // the mounted sysfs; "" = /sys
	Limit float64 // degrees Celsius from which it is too hot; 0 = 80
	Cool  float64 // how far below the limit it must fall again; 0 = 5

	state atomic.Int32
}

// throttledNow are the firmware's flags that say what is, not what was.
const throttledNow = 1<<0 | 1<<1 | 1<<2 | 1<<3

// Pressure is what the last Poll found.
func (h *Heat) Pressure() Pressure { return Pressure(h.state.Load()) }

// Watch polls until ctx ends.
func (h *Heat) Watch(ctx context.Context, every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		h.Poll()
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// Poll reads the files once. What cannot be read says nothing.
func (h *Heat) Poll() Pressure {
	limit, cool := h.Limit, h.Cool
	if limit == 0 {
		limit = 80
	}
	if cool == 0 {
		cool = 5
	}
	if Pressure(h.state.Load()) == TooHot {
		limit -= cool
	}
	state := NoPressure
	if flags, ok := h.throttled(); ok && flags&throttledNow != 0 {
		state = Throttled
	}
	if t, ok := h.Hottest(); ok && t >= limit {
		state = TooHot
	}
	h.state.Store(int32(state))
	return state
}

func (h *Heat) root() string {
	if h.Root == "" {
		return "/sys"
	}
	return h.Root
}

// Hottest is the highest temperature of all zones, degrees Celsius; false where none can be read. Zones outside of
// −40 to 150 °C are sensors that are not there.
func (h *Heat) Hottest() (celsius float64, ok bool) {
	zones, _ := filepath.Glob(filepath.Join(h.root(), "class/thermal/thermal_zone*/temp"))
	for _, zone := range zones {
		text, err := os.ReadFile(zone)
		if err != nil {
			continue
		}
		milli, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if t := float64(milli) / 1000; err == nil && t >= -40 && t <= 150 && (!ok || t > celsius) {
			celsius, ok = t, true
		}
	}
	return celsius, ok
}

// throttled reads the Pi firmware's flags.
func (h *Heat) throttled() (flags uint64, ok bool) {
	for _, pattern := range []string{"devices/platform/soc/soc:firmware/get_throttled", "devices/platform/*/*firmware/get_throttled"} {
		files, _ := filepath.Glob(filepath.Join(h.root(), pattern))
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				continue
			}
			if v, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(string(text)), "0x"), 16, 64); err == nil {
				return v, true
			}
		}
	}
	return 0, false
}
