//go:build realsense && (linux || darwin)

package realsense

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// A device is what a Camera holds of the library.
type device struct {
	ctx      *rs2.Context
	camera   *rs2.Device // or the recording
	recorder *rs2.Device // that streams in the camera's place while one runs, else nil
	playback bool
	sensors  []*rs2.Sensor
	open     []*rs2.Sensor
	running  []*rs2.Sensor

	mu    sync.Mutex // the library's word on changes may come at any time
	freed bool
}

// record puts a recorder before the camera. The file is whole when the device is closed.
func (d *device) record(file string) error {
	var err error
	d.recorder, err = d.camera.Record(file)
	return err
}

// streaming is the device that streams.
func (d *device) streaming() *rs2.Device {
	if d.recorder != nil {
		return d.recorder
	}
	return d.camera
}

// among tells whether a list names the camera.
func (d *device) among(list rs2.DeviceList) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.freed && list.Has(d.camera)
}

// find opens the sensors and chooses their profiles.
func (d *device) find(o *Options) (depth, color candidate, err error) {
	if d.sensors, err = d.streaming().Sensors(); err != nil {
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
		if err := d.camera.Pause(); err != nil {
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
		return d.camera.Resume()
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
	d.mu.Lock()
	d.freed = true
	d.mu.Unlock()
	if d.recorder != nil {
		d.recorder.Close()
	}
	d.camera.Close()
	d.ctx.Close()
	return errors.Join(errs...)
}
