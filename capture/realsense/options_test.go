package realsense

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseOptions(t *testing.T) {
	got, err := ParseOptions(" serial=728612070259, width=848,height=480,fps=60,color-width=1280,color-height=720,color-fps=30,color-format=YUYV," +
		"emitter=off,laser=150.5,preset=High Accuracy,exposure=auto,gain=16,color-exposure=156,sync=full-slave,global-time=on,queue=2,wait=1500ms,window=20ms")
	want := Options{Serial: "728612070259", Depth: StreamOptions{Width: 848, Height: 480, FPS: 60},
		Color: StreamOptions{Width: 1280, Height: 720, FPS: 30, Format: "yuyv"}, Emitter: "off", Laser: 150.5, Preset: "High Accuracy", Exposure: "auto",
		Gain: 16, ColorExposure: "156", Sync: "full-slave", GlobalTime: "on", Queue: 2, Wait: 1500 * time.Millisecond, Window: 20 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("options are\n%+v, %v, want\n%+v", got, err, want)
	}
	for _, empty := range []string{"", "  "} {
		if got, err := ParseOptions(empty); err != nil || got != (Options{}) {
			t.Errorf("%q gives %+v, %v", empty, got, err)
		}
	}
	for text, want := range map[string]string{
		"serial":                `option "serial": not key=value; keys are serial, width`,
		"colour=1":              `unknown option "colour"; keys are serial`,
		"width=0":               `option width="0": not a whole number from 1 to 16384`,
		"width=640x480":         `option width="640x480": not a whole number`,
		"laser=-1":              `option laser="-1": not a number above 0`,
		"laser=NaN":             `option laser="NaN": not a number above 0`,
		"emitter=bright":        `option emitter="bright": not one of on, off, auto`,
		"exposure=0":            `option exposure="0": neither auto nor a number`,
		"sync=leader":           `option sync="leader": not one of off, master, slave, full-slave`,
		"wait=5":                `option wait="5": not a time such as`,
		"wait=-5s":              `option wait="-5s": not a time such as`,
		"serial=":               `option serial="": is empty`,
		"file=a.bag,record=b":   `options file and record`,
		"file=a.bag,serial=123": `options serial and file`,
	} {
		if _, err := ParseOptions(text); err == nil || !strings.HasPrefix(err.Error(), "realsense: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want one with %s", text, err, want)
		}
	}
}

// Every field of the options can be written.
func TestEveryOptionHasAKey(t *testing.T) {
	values := map[string]string{"color-format": "bgr8", "emitter": "on", "exposure": "1", "color-exposure": "1", "sync": "slave", "global-time": "off",
		"wait": "1s", "window": "1s"}
	var o Options
	for _, k := range keys {
		value := values[k.name]
		if value == "" {
			value = "1"
		}
		if err := k.set(&o, value); err != nil {
			t.Errorf("%s=%s: %v", k.name, value, err)
		}
	}
	o.Depth.Format = "z16" // there is no other
	var check func(name string, v reflect.Value)
	check = func(name string, v reflect.Value) {
		for i := range v.NumField() {
			field := name + v.Type().Field(i).Name
			if v.Field(i).Kind() == reflect.Struct {
				check(field+".", v.Field(i))
			} else if v.Field(i).IsZero() {
				t.Errorf("no key sets %s", field)
			}
		}
	}
	check("", reflect.ValueOf(o))
}

func FuzzParseOptions(f *testing.F) {
	f.Add("serial=1,width=640,height=480,fps=30")
	f.Add("exposure=auto,laser=1e3,wait=1s,sync=4")
	f.Add("=,=,,")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseOptions(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "realsense: ") {
				t.Errorf("error is %v", err)
			}
			return
		}
		for _, n := range []int{o.Depth.Width, o.Depth.Height, o.Depth.FPS, o.Color.Width, o.Color.Height, o.Color.FPS, o.Queue} {
			if n < 0 || n > 16384 {
				t.Errorf("%q gives %d", text, n)
			}
		}
		if o.Wait < 0 || o.Window < 0 || !(o.Laser >= 0) {
			t.Errorf("%q gives %+v", text, o)
		}
	})
}
