//go:build realsense && (linux || darwin)

package realsense

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// configure sets what the options ask for, before the streams start.
func (o *Options) configure(dev *rs2.Device, depth, color *rs2.Sensor) error {
	if o.Settings != "" {
		text, err := os.ReadFile(o.Settings)
		if err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		if err := dev.Configure(text); err != nil {
			return fmt.Errorf("settings %q: %w", o.Settings, err)
		}
	}
	var errs []error
	set := func(name string, s *rs2.Sensor, option rs2.Option, value float64) {
		if err := setOption(s, option, value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	if o.Preset != "" { // first: it sets others
		v, err := preset(depth, o.Preset)
		if err != nil {
			return fmt.Errorf("preset: %w", err)
		}
		set("preset", depth, rs2.VisualPreset, v)
	}
	if o.Emitter != "" {
		set("emitter", depth, rs2.EmitterEnabled, map[string]float64{"off": 0, "on": 1, "auto": 2}[o.Emitter])
	}
	if o.Laser != 0 {
		set("laser", depth, rs2.LaserPower, o.Laser)
	}
	for _, e := range []struct {
		name, value string
		gain        float64
		sensor      *rs2.Sensor
	}{{"", o.Exposure, o.Gain, depth}, {"color-", o.ColorExposure, o.ColorGain, color}} {
		switch {
		case e.value == "auto":
			set(e.name+"exposure", e.sensor, rs2.AutoExposure, 1)
		case e.value != "":
			v, err := strconv.ParseFloat(e.value, 64)
			if err != nil {
				return fmt.Errorf("%sexposure %q: neither auto nor a number", e.name, e.value)
			}
			set(e.name+"exposure", e.sensor, rs2.AutoExposure, 0)
			set(e.name+"exposure", e.sensor, rs2.Exposure, v)
		}
		if e.gain != 0 {
			set(e.name+"gain", e.sensor, rs2.Gain, e.gain)
		}
	}
	if o.Sync != "" {
		mode, err := strconv.Atoi(o.Sync)
		for i, name := range syncModes {
			if o.Sync == name {
				mode, err = i, nil
			}
		}
		if err != nil {
			return fmt.Errorf("sync %q: neither a number nor one of %s", o.Sync, strings.Join(syncModes, ", "))
		}
		set("sync", depth, rs2.InterCamSyncMode, float64(mode))
	}
	if o.GlobalTime != "" {
		on := map[string]float64{"off": 0, "on": 1}[o.GlobalTime]
		set("global-time", depth, rs2.GlobalTimeEnabled, on)
		if color != depth {
			set("global-time", color, rs2.GlobalTimeEnabled, on)
		}
	}
	return errors.Join(errs...)
}

// setOption sets an option, and says what it may be if that fails.
func setOption(s *rs2.Sensor, option rs2.Option, value float64) error {
	if !s.Supports(option) {
		return fmt.Errorf("the %s does not have it", s.Name())
	}
	if s.ReadOnly(option) {
		return fmt.Errorf("the %s does not let it be set", s.Name())
	}
	least, most, _, err := s.Range(option)
	if err == nil && (value < float64(least) || value > float64(most)) {
		return fmt.Errorf("%v is out of the %s's range, %v to %v", value, s.Name(), least, most)
	}
	return s.SetOption(option, float32(value))
}

// preset finds a preset by its name or number.
func preset(s *rs2.Sensor, name string) (float64, error) {
	if v, err := strconv.Atoi(name); err == nil {
		return float64(v), nil
	}
	if !s.Supports(rs2.VisualPreset) {
		return 0, fmt.Errorf("the %s has none", s.Name())
	}
	least, most, step, err := s.Range(rs2.VisualPreset)
	if err != nil {
		return 0, err
	}
	same := func(a, b string) bool {
		plain := strings.NewReplacer(" ", "", "-", "", "_", "")
		return strings.EqualFold(plain.Replace(a), plain.Replace(b))
	}
	var names []string
	for v := least; v <= most && len(names) < 64; v += max(step, 1) {
		words := s.Describe(rs2.VisualPreset, v)
		if same(words, name) {
			return float64(v), nil
		}
		if words != "" {
			names = append(names, words)
		}
	}
	if len(names) == 0 {
		return 0, fmt.Errorf("the library has no names for those of the %s: give a number, %v to %v", s.Name(), least, most)
	}
	return 0, fmt.Errorf("%q is none of %s", name, strings.Join(names, ", "))
}
