//go:build realsense && (linux || darwin)

package realsense

import (
	"context"
	"fmt"
	"strings"

	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// Info is what a camera says of itself. What it does not say is empty.
type Info struct {
	Name     string `json:"name"`
	Serial   string `json:"serial"`
	Firmware string `json:"firmware"`
	Newer    string `json:"newer_firmware,omitempty"` // that the library recommends, where it is another
	USB      string `json:"usb,omitempty"`            // such as "3.2"
	Port     string `json:"port,omitempty"`
}

func describe(dev *rs2.Device) Info {
	i := Info{Name: dev.Info(rs2.Name), Serial: dev.Info(rs2.Serial), Firmware: dev.Info(rs2.Firmware),
		Newer: dev.Info(rs2.Recommended), USB: dev.Info(rs2.USBType), Port: dev.Info(rs2.PhysicalPort)}
	if i.Newer == i.Firmware {
		i.Newer = ""
	}
	return i
}

// slow tells whether the camera is on a USB 2 line, on which it has fewer and smaller modes.
func (i Info) slow() bool { return strings.HasPrefix(i.USB, "2") || strings.HasPrefix(i.USB, "1") }

// Library opens librealsense2 as [Open] would, and tells its file and version.
func Library(library string) (file, version string, err error) {
	lib, err := rs2.Open(library)
	if err != nil {
		return "", "", fmt.Errorf("realsense: %w", err)
	}
	return lib.Name(), lib.Version(), nil
}

// List returns the cameras that are there. Library is as in Options.
func List(library string) ([]Info, error) {
	fail := func(err error) ([]Info, error) { return nil, fmt.Errorf("realsense: list: %w", explain(err)) }
	lib, err := rs2.Open(library)
	if err != nil {
		return fail(err)
	}
	ctx, err := lib.NewContext()
	if err != nil {
		return fail(err)
	}
	defer ctx.Close()
	devices, err := ctx.Devices()
	if err != nil {
		return fail(err)
	}
	defer devices.Close()
	all, err := infos(devices)
	if err != nil {
		return fail(err)
	}
	return all, nil
}

// infos describes the devices of a list; one that does not open is named by what happened.
func infos(list rs2.DeviceList) ([]Info, error) {
	n, err := list.Len()
	if err != nil {
		return nil, err
	}
	var all []Info
	for i := range n {
		dev, err := list.Device(i)
		if err != nil {
			all = append(all, Info{Name: explain(err).Error()})
			continue
		}
		all = append(all, describe(dev))
		dev.Close()
	}
	return all, nil
}

// pick opens the camera with a serial number, or the first.
func pick(ctx *rs2.Context, serial string) (*rs2.Device, error) {
	list, err := ctx.Devices()
	if err != nil {
		return nil, err
	}
	defer list.Close()
	n, err := list.Len()
	if err != nil {
		return nil, err
	}
	var there []string
	var failed error
	for i := range n {
		dev, err := list.Device(i)
		if err != nil {
			failed = err
			continue
		}
		if serial == "" || dev.Info(rs2.Serial) == serial {
			return dev, nil
		}
		there = append(there, dev.Info(rs2.Serial))
		dev.Close()
	}
	switch {
	case failed != nil:
		return nil, failed
	case n == 0:
		return nil, fmt.Errorf("%w: the library finds none on this machine; is it plugged in, and may this user open it (udev rules)?", ErrNoCamera)
	}
	return nil, fmt.Errorf("%w: there are %s", ErrNoCamera, strings.Join(there, ", "))
}

// Event is a change of what is plugged in.
type Event struct {
	Added   []Info
	Removed int // cameras that went; the library does not say which
}

// Watch tells of cameras that come and go until ctx ends; then the channel is closed. Events that nobody takes are merged
// into one.
func Watch(ctx context.Context, library string) (<-chan Event, error) {
	fail := func(err error) (<-chan Event, error) { return nil, fmt.Errorf("realsense: watch: %w", explain(err)) }
	lib, err := rs2.Open(library)
	if err != nil {
		return fail(err)
	}
	c, err := lib.NewContext()
	if err != nil {
		return fail(err)
	}
	out, err := watch(ctx, c)
	if err != nil {
		c.Close()
		return fail(err)
	}
	return out, nil
}

// watch is Watch with a context of the library's, which it closes at the end.
func watch(ctx context.Context, c *rs2.Context) (<-chan Event, error) {
	in := make(chan Event)
	err := c.Watch(func(removed, added rs2.DeviceList) {
		defer removed.Close()
		defer added.Close()
		var e Event
		e.Added, _ = infos(added)
		e.Removed, _ = removed.Len()
		select {
		case in <- e:
		case <-ctx.Done():
		}
	})
	if err != nil {
		return nil, err
	}
	out := make(chan Event)
	go func() {
		defer close(out)
		defer c.Close()
		var next Event
		for {
			to := out
			if len(next.Added) == 0 && next.Removed == 0 {
				to = nil
			}
			select {
			case <-ctx.Done():
				return
			case e := <-in:
				next.Added = append(next.Added, e.Added...)
				next.Removed += e.Removed
			case to <- next:
				next = Event{}
			}
		}
	}()
	return out, nil
}

// note says what of the camera is not as it might be.
func (c *Camera) note(depth, color candidate) {
	if c.info.slow() {
		c.notes = append(c.notes, fmt.Sprintf("%s is on USB %s: depth %v, colour %v; a USB 3 port and cable give more", c.name, c.info.USB, depth.profile, color.profile))
	}
	if c.info.Newer != "" && !c.device.playback {
		c.notes = append(c.notes, fmt.Sprintf("%s has firmware %s; the library recommends %s", c.name, c.info.Firmware, c.info.Newer))
	}
}

// hint adds what may be the reason that a stream is missing.
func (c *Camera) hint(err error) error {
	if c.info.slow() {
		return fmt.Errorf("%w; the camera is on USB %s, and has more on a USB 3 port and cable", err, c.info.USB)
	}
	return err
}

// because says what is known of why no frame comes.
func (c *Camera) because() string {
	if err := c.trouble.Load(); err != nil {
		return "; a frame could not be read: " + (*err).Error()
	}
	if c.info.slow() {
		return "; the camera is on USB " + c.info.USB
	}
	if c.o.Sync != "" && c.o.Sync != "off" && c.o.Sync != "master" {
		return "; it waits for pulses on its sync line"
	}
	return ""
}

// Info is what the camera says of itself.
func (c *Camera) Info() Info { return c.info }

// Live tells whether frames come at their times, whether or not somebody takes them: from a camera, not from a recording.
func (c *Camera) Live() bool { return !c.device.playback }

// Notes are what is not as it might be, such as a USB 2 line.
func (c *Camera) Notes() []string { return append([]string(nil), c.notes...) }

// Reset resets the camera over USB, as if its cable had been pulled: Next tells ErrUnplugged soon after, and the camera
// can be opened again within some seconds. A recording cannot be reset.
func (c *Camera) Reset() error {
	if c.device.playback {
		return fmt.Errorf("realsense: reset %s: it is a recording", c.name)
	}
	c.life.RLock()
	defer c.life.RUnlock()
	if isClosed(c.closed) {
		return ErrClosed
	}
	if err := c.device.camera.Reset(); err != nil {
		return fmt.Errorf("realsense: reset %s: %w", c.name, explain(err))
	}
	return nil
}

// Close stops the streams and frees the camera; a recording that it makes is whole afterwards. It returns within some
// seconds even where the camera hangs, and says so.
func (c *Camera) Close() error {
	c.shut.Do(func() {
		close(c.closed)
		c.queue.close()
		leave := func() { // Next and Reset have left the library
			c.mu.Lock()
			c.life.Lock()
		}
		back := func() {
			c.life.Unlock()
			c.mu.Unlock()
		}
		if err := c.device.close(leave, back); err != nil && !isClosed(c.gone) {
			c.end = fmt.Errorf("realsense: close %s: %w", c.name, explain(err))
		}
	})
	return c.end
}
