//go:build realsense && (linux || darwin)

package realsense

import (
	"errors"
	"fmt"
	"time"

	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// A device is what a Camera holds of the library.
type device struct {
	ctx      *rs2.Context
	dev      *rs2.Device // the recorder while one runs
	camera   *rs2.Device // behind the recorder
	playback bool
	sensors  []*rs2.Sensor
	open     []*rs2.Sensor
	running  []*rs2.Sensor
}

// record puts a recorder before the camera. The file is whole when the device is closed.
func (d *device) record(file string) error {
	recorder, err := d.dev.Record(file)
	if err == nil {
		d.camera, d.dev = d.dev, recorder
	}
	return err
}

// find opens the sensors and chooses their profiles.
func (d *device) find(o *Options) (depth, color candidate, err error) {
	if d.sensors, err = d.dev.Sensors(); err != nil {
		return depth, color, err
	}
	var all []candidate
	for _, s := range d.sensors {
		profiles, err := s.Profiles()
		if err != nil {
			return depth, color, err
		}
		for _, p := range profiles {
			all = append(all, candidate{s, p})
		}
	}
	if depth, err = choose(rs2.Depth, o.Depth, all); err != nil {
		return depth, color, err
	}
	color, err = choose(rs2.Color, o.Color, all)
	return depth, color, err
}

// start starts the streams. A recording begins to play with its first sensor, from where it is when a stream is opened:
// all are opened before, and it is held until all are started, so that nothing is lost.
func (d *device) start(f func(rs2.Frame), depth, color candidate) error {
	if d.playback {
		if err := d.dev.Pause(); err != nil {
			return err
		}
	}
	type part struct {
		sensor   *rs2.Sensor
		profiles []rs2.Profile
	}
	parts := []part{{depth.sensor, []rs2.Profile{depth.profile}}, {color.sensor, []rs2.Profile{color.profile}}}
	if depth.sensor == color.sensor {
		parts = []part{{depth.sensor, []rs2.Profile{depth.profile, color.profile}}}
	}
	for _, p := range parts {
		if err := p.sensor.Open(p.profiles...); err != nil {
			return fmt.Errorf("open %v: %w", p.profiles, err)
		}
		d.open = append(d.open, p.sensor)
	}
	for _, p := range parts {
		if err := p.sensor.Start(f); err != nil {
			return fmt.Errorf("start %v: %w", p.profiles, err)
		}
		d.running = append(d.running, p.sensor)
	}
	if d.playback {
		return d.dev.Resume()
	}
	return nil
}

// closing bounds how long the library may take to stop: a camera that hangs must not hang us.
const closing = 5 * time.Second

// close stops and frees everything between leave and back, or tells that it did not within the bound; then the library
// goes on trying.
func (d *device) close(leave, back func()) error {
	done := make(chan error, 1)
	go func() {
		leave()
		err := d.free()
		back()
		done <- err
	}()
	timer := time.NewTimer(closing)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("the library has not stopped the streams within %v", closing)
	}
}

func (d *device) free() error {
	var errs []error
	for _, s := range d.running {
		if err := s.Stop(); err != nil {
			errs = append(errs, err)
		}
	}
	for _, s := range d.open {
		if err := s.Close(); err != nil {
			errs = append(errs, err)
		}
	}
	for _, s := range d.sensors {
		s.Free()
	}
	d.dev.Close()
	if d.camera != nil {
		d.camera.Close()
	}
	d.ctx.Close()
	return errors.Join(errs...)
}
