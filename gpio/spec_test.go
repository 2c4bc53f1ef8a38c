package gpio

import (
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
)

func TestParseAlarm(t *testing.T) {
	got, err := ParseAlarm("object:0.25@0.1,0.2,0.5,0.8=GPIO17,active=low,safe=high,hysteresis=0.5,after=200ms,hold=3s")
	want := AlarmSpec{"object", 0.25, [4]float64{0.1, 0.2, 0.5, 0.8}, LineSpec{"GPIO17", gpio.Low, gpio.High}, 0.5, 200 * time.Millisecond, 3 * time.Second}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = ParseAlarm("7:0=P1_11")
	want = AlarmSpec{"7", 0, [4]float64{0, 0, 1, 1}, LineSpec{"P1_11", gpio.High, gpio.Low}, 0.2, 0, time.Second}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for text, word := range map[string]string{
		"": "want CLASS:SHARE", "object=X": "want CLASS:SHARE", ":0.2=X": "want CLASS:SHARE", "object:0.2": "want CLASS:SHARE",
		"object:1=X": "share", "object:-0.1=X": "share", "object:NaN=X": "share", "object:x=X": "share",
		"object:0.2@0,0,1=X": "region", "object:0.2@0,0,1,2=X": "no share of the image", "object:0.2@0.5,0,0.6,1=X": "beyond the image",
		"object:0.2@0,0,0,1=X": "empty", "object:0.2@0,0,NaN,1=X": "no share", "object:0.2=": "line", "object:0.2=X Y": "line",
		"object:0.2=X,hold": "not key=value", "object:0.2=X,hold=1": "want a time", "object:0.2=X,hold=2h": "want a time",
		"object:0.2=X,hold=-1s": "want a time", "object:0.2=X,width=1ms": "unknown option", "object:0.2=X,hysteresis=1": "0 to below 1",
		"object:0.2=X,active=on": "high or low", "object:0.2=X,hold=1s,hold=1s": "twice",
	} {
		if _, err := ParseAlarm(text); err == nil || !strings.Contains(err.Error(), word) || !strings.HasPrefix(err.Error(), "gpio: alarm") {
			t.Errorf("%q: %v, want %q", text, err, word)
		}
	}
}

func TestParseLines(t *testing.T) {
	if l, err := ParseLine("LED0,active=low"); err != nil || l != (LineSpec{"LED0", gpio.Low, gpio.Low}) {
		t.Errorf("%+v, %v", l, err)
	}
	if s, err := ParseTrigger("GPIO18,width=2ms,repeat=0s,active=low,safe=high"); err != nil ||
		s != (TriggerSpec{LineSpec{"GPIO18", gpio.Low, gpio.High}, 2 * time.Millisecond, 0}) {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := ParseSync("GPIO23,edge=falling,pull=up,debounce=5ms,timeout=10s"); err != nil ||
		s != (SyncSpec{"GPIO23", gpio.FallingEdge, gpio.PullUp, 5 * time.Millisecond, 10 * time.Second}) {
		t.Errorf("%+v, %v", s, err)
	}
	for _, text := range []string{"", ",active=low", "X,width=1ms"} {
		if _, err := ParseLine(text); err == nil {
			t.Errorf("line %q is taken", text)
		}
	}
	for _, text := range []string{"", "X,width=0s", "X,width=2s", "X,active=low", "X,safe=high", "X,repeat=-1s", "X,edge=rising"} {
		if _, err := ParseTrigger(text); err == nil {
			t.Errorf("trigger %q is taken", text)
		}
	}
	for _, text := range []string{"", "X,edge=up", "X,pull=sideways", "X,debounce=1", "X,timeout=-1s", "X,active=low"} {
		if _, err := ParseSync(text); err == nil {
			t.Errorf("sync %q is taken", text)
		}
	}
}

func FuzzParseAlarm(f *testing.F) {
	for _, text := range []string{"object:0.2=GPIO17", "1:0.5@0,0.5,1,0.5=X,active=low,hold=2s,after=1ms,hysteresis=0.1", "a:b@c=d,e=f", "x:1e-9@1e-3,0,0.5,1=Y"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseAlarm(text)
		if err != nil {
			return
		}
		if again, err := ParseAlarm(s.String()); err != nil || again != s {
			t.Fatalf("%q is %+v, written %q, read %+v (%v)", text, s, s.String(), again, err)
		}
		for _, size := range [][2]int{{1, 1}, {3, 2}, {640, 480}} {
			if x0, y0, x1, y1 := s.pixels(size[0], size[1]); x0 < 0 || y0 < 0 || x0 >= x1 || y0 >= y1 || x1 > size[0] || y1 > size[1] {
				t.Fatalf("%q in %v: %d,%d to %d,%d", text, size, x0, y0, x1, y1)
			}
		}
	})
}

func FuzzParseLines(f *testing.F) {
	for _, text := range []string{"GPIO17", "X,active=low,safe=high", "X,width=1ms,repeat=2s", "X,edge=both,pull=off,debounce=3ms,timeout=1m"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if l, err := ParseLine(text); err == nil && l.Name == "" {
			t.Fatal("a line without a name")
		}
		if s, err := ParseTrigger(text); err == nil && (s.Line.Name == "" || s.Width <= 0 || s.Line.Active == s.Line.Safe) {
			t.Fatalf("%+v", s)
		}
		if s, err := ParseSync(text); err == nil && (s.Name == "" || s.Timeout < 0) {
			t.Fatalf("%+v", s)
		}
	})
}
