//go:build realsense && (linux || darwin)

package realsense

import (
	"errors"
	"fmt"
	"strings"

	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// What callers branch on.
var (
	ErrNoLibrary = rs2.ErrNoLibrary                                      // librealsense2 is not here, or too old
	ErrNoCamera  = errors.New("no such camera")                          // none, or not the one asked for
	ErrBusy      = errors.New("the camera is in use by another program") // or by another source of this one
	ErrAccess    = errors.New("the camera may not be opened")            // rights: udev rules are missing
	ErrUnplugged = errors.New("the camera was unplugged")
	ErrNoFrames  = errors.New("no frame came")
	ErrClosed    = errors.New("realsense: camera is closed")
)

// explain finds the sentinel that the library's words stand for: what the operating system says reaches us as text only.
func explain(err error) error {
	var e *rs2.Error
	if !errors.As(err, &e) || errors.Is(err, ErrBusy) || errors.Is(err, ErrAccess) || errors.Is(err, ErrUnplugged) {
		return err
	}
	words := strings.ToLower(e.Message)
	has := func(list ...string) bool {
		for _, w := range list {
			if strings.Contains(words, w) {
				return true
			}
		}
		return false
	}
	switch {
	case e.Kind == rs2.WrongSequence && has("streaming", "already open"), has("busy", "errno=16", "in use", "rs2_usb_status_busy"):
		return fmt.Errorf("%w: %w", ErrBusy, err)
	case has("permission", "access denied", "errno=13", "rs2_usb_status_access", "not permitted"):
		return fmt.Errorf("%w: %w; the library's udev rules (99-realsense-libusb.rules) give the right", ErrAccess, err)
	case e.Kind == rs2.Disconnected, has("no such device", "errno=19", "device disconnected", "rs2_usb_status_no_device"):
		return fmt.Errorf("%w: %w", ErrUnplugged, err)
	}
	return err
}
