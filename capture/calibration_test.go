package capture

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestValidateNamesTheField(t *testing.T) {
	if err := d435().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Calibration){
		`"color.width": is 0`:                         func(c *Calibration) { c.Color.Width = 0 },
		`"color.height": is -3`:                       func(c *Calibration) { c.Color.Height = -3 },
		`"depth.width": is 16385`:                     func(c *Calibration) { c.Depth.Width = 16385 },
		`"color.fx": is 0`:                            func(c *Calibration) { c.Color.Fx = 0 },
		`"depth.fy": is -1`:                           func(c *Calibration) { c.Depth.Fy = -1 },
		`"depth.fx": is NaN`:                          func(c *Calibration) { c.Depth.Fx = math.NaN() },
		`"depth.fx": is +Inf`:                         func(c *Calibration) { c.Depth.Fx = math.Inf(1) },
		`"color.cx": is NaN`:                          func(c *Calibration) { c.Color.Cx = math.NaN() },
		`"color.cy": is -Inf`:                         func(c *Calibration) { c.Color.Cy = math.Inf(-1) },
		`"color.model": is "fisheye"`:                 func(c *Calibration) { c.Color.Model = "fisheye" },
		`"depth.coeffs[4]": is NaN`:                   func(c *Calibration) { c.Depth.Coeffs[4] = math.NaN() },
		`"depth_to_color.rotation[8]": is 2`:          func(c *Calibration) { c.DepthToColor.Rotation[8] = 2 },
		`"depth_to_color.rotation": is not orthonorm`: func(c *Calibration) { c.DepthToColor.Rotation[1] = 0.1 },
		`"depth_to_color.rotation": mirrors`:          func(c *Calibration) { c.DepthToColor.Rotation = [9]float64{-1, 0, 0, 0, 1, 0, 0, 0, 1} },
		`"depth_to_color.rotation[0]": is NaN`:        func(c *Calibration) { c.DepthToColor.Rotation[0] = math.NaN() },
		`"depth_to_color.translation[2]": is NaN`:     func(c *Calibration) { c.DepthToColor.Translation[2] = math.NaN() },
		`"depth_to_color.translation[0]": is 1001`:    func(c *Calibration) { c.DepthToColor.Translation[0] = 1001 },
		`"depth_scale": is 0`:                         func(c *Calibration) { c.DepthScale = 0 },
		`"depth_scale": is -0.001`:                    func(c *Calibration) { c.DepthScale = -0.001 },
		`"depth_scale": is NaN`:                       func(c *Calibration) { c.DepthScale = math.NaN() },
	} {
		c := d435()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "capture: calibration "+field) {
			t.Errorf("error is %v, want one with %s", err, field)
		}
	}
}

func TestCalibrationRoundTrip(t *testing.T) {
	c := d435()
	c.Color.Model, c.Color.Coeffs = BrownConrady, [5]float64{-0.1, math.Pi, 1e-17, math.Copysign(0, -1), 1.0 / 3}
	c.Depth.Model = InverseBrownConrady
	var buf bytes.Buffer
	if err := c.Write(&buf); err != nil {
		t.Fatal(err)
	}
	got, err := ReadCalibration(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if got != c {
		t.Errorf("read back\n%+v, want\n%+v", got, c)
	}
	c.DepthScale = 0
	if err := c.Write(&buf); err == nil {
		t.Error("an invalid calibration was written")
	}
}

func TestCalibrationFileRoundTrip(t *testing.T) {
	for _, offset := range []time.Duration{0, 1, -1, 33_333_333, -time.Hour, time.Hour, 1<<41 + 1} {
		want := CalibrationFile{Calibration: d435(), DepthOffset: offset}
		var buf bytes.Buffer
		if err := want.Write(&buf); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(buf.String(), "depth_offset") != (offset != 0) {
			t.Errorf("offset %v is written as %s", offset, buf.String())
		}
		if got, err := ReadCalibrationFile(bytes.NewReader(buf.Bytes())); err != nil || got != want {
			t.Errorf("read back %+v (%v), want %+v", got, err, want)
		}
		if got, err := ReadCalibration(&buf); err != nil || got != d435() {
			t.Errorf("without the offset, read back %+v (%v)", got, err)
		}
	}
	for _, offset := range []time.Duration{time.Hour + 1, math.MinInt64} {
		if err := (CalibrationFile{d435(), offset}).Write(io.Discard); err == nil || !strings.Contains(err.Error(), "depth_offset") {
			t.Errorf("offset %d was written: %v", offset, err)
		}
	}
}

func TestReadCalibrationNamesTheField(t *testing.T) {
	var buf bytes.Buffer
	if err := d435().Write(&buf); err != nil {
		t.Fatal(err)
	}
	good := buf.String()
	for _, test := range []struct{ old, new, want string }{
		{`"fx": 154,`, `"fx": 154, "focal": 3,`, "focal"},
		{`"fx": 154,`, `"fx": "wide",`, `"color.fx": is a string, want float64`},
		{`"width": 160`, `"width": 160.5`, "color.width"},
		{`"fx": 154,`, ``, `"color.fx": is 0`},
		{`"depth_scale": 0.001`, `"depth_scale": null`, `"depth_scale": is 0`},
		{`"depth_scale": 0.001`, `"depth_scale": 0.001, "depth_offset": -3601`, `"depth_offset": is -3601`},
		{`"depth_scale": 0.001`, `"depth_scale": 0.001, "depth_offset": "1ms"`, `"depth_offset": is a string`},
		{`"depth_to_color"`, `"color_to_depth"`, "color_to_depth"},
		{"0.0148,", "0.0148, 7,", `"depth_to_color.translation": has 4 numbers, want 3`},
		{"0.0148,", "", `"depth_to_color.translation": has 2 numbers, want 3`},
		{good, good + "{}", "text after the object"},
		{good, `{}`, `"color": is missing`},
		{good, `[1]`, "cannot unmarshal"},
		{good, good[:len(good)/2], "unexpected EOF"},
		{good, ``, "EOF"},
	} {
		text := strings.Replace(good, test.old, test.new, 1)
		if text == good {
			t.Fatalf("%q is not in the text", test.old)
		}
		if _, err := ReadCalibration(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.40q for %.40q: error is %v, want one with %s", test.new, test.old, err, test.want)
		}
	}
}

func TestReadCalibrationWantsAllCoeffs(t *testing.T) {
	c := d435()
	c.Color.Model = BrownConrady
	var buf bytes.Buffer
	if err := c.Write(&buf); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(buf.String(), "\"coeffs\": [\n      0,", "\"coeffs\": [", 1)
	_, err := ReadCalibration(strings.NewReader(text))
	if want := `"color.coeffs": has 4 numbers, want 5`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestLoadCalibration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calibration.json")
	if _, err := LoadCalibration(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCalibration(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("torn file: %v, want an error with its path", err)
	}
}

func FuzzReadCalibration(f *testing.F) {
	var buf bytes.Buffer
	if err := d435().Write(&buf); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Add([]byte(`{"color":{"width":1e9},"depth":{"coeffs":[]},"depth_to_color":{"rotation":[1,2]},"depth_scale":1e-7}`))
	f.Add(bytes.Replace(buf.Bytes(), []byte(`"depth_scale": 0.001`), []byte(`"depth_scale": 0.001, "depth_offset": 0.0331`), 1))
	f.Add([]byte(`{"color":null,"depth_scale":"x"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ReadCalibrationFile(bytes.NewReader(text))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := c.Write(&again); err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		back, err := ReadCalibrationFile(&again)
		if err != nil || back != c {
			t.Fatalf("read back as %+v (%v), want %+v", back, err, c)
		}
	})
}
