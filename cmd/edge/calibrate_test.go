package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// TestCalibrate: a recording whose calibration file is off is told its true one, and runs as a pair with it.
func TestCalibrate(t *testing.T) {
	if testing.Short() {
		t.Skip("renders scenes")
	}
	dir := filepath.Join(t.TempDir(), "recording")
	good(t, "record", "synth:seed=12,scene=tabletop,cut=2,frames=20,width=320,height=240", "-o", dir, "-q")
	truth, err := capture.LoadCalibration(filepath.Join(dir, "calibration.json"))
	if err != nil {
		t.Fatal(err)
	}
	wrong := truth
	wrong.DepthToColor.Translation[0] += 0.02
	wrong.DepthToColor.Translation[1] -= 0.01
	start := filepath.Join(t.TempDir(), "start.json")
	f, err := os.Create(start)
	if err != nil {
		t.Fatal(err)
	}
	if err := wrong.Write(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	found := filepath.Join(t.TempDir(), "found.json")
	out := good(t, "calibrate", dir, "--only", "geometry", "--calibration", start, "--frames", "12", "--json", "-o", found, "-q")
	var rep calibrateReport
	if err := json.Unmarshal([]byte(out), &rep); err != nil {
		t.Fatal(err)
	}
	file, err := capture.LoadCalibrationFile(found)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		got, want := file.DepthToColor.Translation[i], truth.DepthToColor.Translation[i]
		if d := got - want; d > 0.004 || d < -0.004 {
			t.Errorf("axis %d: shifted by %.1f mm, true %.1f", i, 1000*got, 1000*want)
		}
		if d := 1000*got - rep.Geometry.Translation[i]; d > 1e-6 || d < -1e-6 {
			t.Errorf("axis %d: the file says %v m, the report %v mm", i, got, rep.Geometry.Translation[i])
		}
	}
	if rep.Offset != nil || file.DepthOffset != 0 || rep.Geometry.ScoreAfter <= rep.Geometry.ScoreBefore || rep.Geometry.Points < 1000 {
		t.Errorf("the report is %s", out)
	}
	good(t, "run", "pair:"+dir+"+"+dir+"+calibration="+found, "-m", student("early"), "-q")

	bad(t, exitFailed, []string{"time: ", "show motion"}, "calibrate", dir, "--only", "time", "-o", found)
	if again, err := capture.LoadCalibrationFile(found); err != nil || again != file {
		t.Errorf("a refusal changed the file: %v", err)
	}
}

// TestCalibrateKeepsOffsets: what a pair adds to depth times already is part of the offset that comes out.
func TestCalibrateKeepsOffsets(t *testing.T) {
	if testing.Short() {
		t.Skip("renders scenes")
	}
	dir := filepath.Join(t.TempDir(), "recording")
	good(t, "record", "synth:seed=12,scene=tabletop,cut=2,frames=20,width=320,height=240", "-o", dir, "-q")
	start := filepath.Join(t.TempDir(), "start.json")
	file, err := capture.LoadCalibrationFile(filepath.Join(dir, "calibration.json"))
	if err != nil {
		t.Fatal(err)
	}
	file.DepthOffset = 3 * time.Millisecond
	f, err := os.Create(start)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Write(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, test := range []struct {
		source string
		want   time.Duration
	}{
		{dir, 3 * time.Millisecond},
		{"pair:" + dir + "+" + dir + "+calibration=" + start, 3 * time.Millisecond},
		{"pair:" + dir + "+" + dir + "+calibration=" + start + "+offset=-1ms", -time.Millisecond},
	} {
		found := filepath.Join(t.TempDir(), "found.json")
		good(t, "calibrate", test.source, "--only", "geometry", "--calibration", start, "--frames", "12", "-o", found, "-q")
		if got, err := capture.LoadCalibrationFile(found); err != nil || got.DepthOffset != test.want {
			t.Errorf("%s: offset %v, %v; want %v", test.source, got.DepthOffset, err, test.want)
		}
	}
}

func TestCalibrateUsage(t *testing.T) {
	dir := recording(t)
	for _, test := range []struct {
		args string
		word string
	}{
		{"--json", "-o"}, {"--frames 2", "--frames"}, {"--max-offset 0s", "--max-offset"}, {"--max-offset 2m", "--max-offset"},
		{"--only space", "--only"}, {"--calibration nowhere.json", "nowhere.json"}, {"--square 20", "--board"}, {"--lens", "--board"},
		{"--board 9x6", "--square"}, {"--board 9 --square 20", "9x6"}, {"--board 6x6 --square 20", "differ"}, {"--board 9x6 --square 0.1", "0.001"},
		{"--board 9x6 --square 20 --focal", "--focal"}, {"--board 9x6 --square 20 --only time", "--only time"},
	} {
		bad(t, exitUsage, []string{test.word}, append([]string{"calibrate", dir}, strings.Fields(test.args)...)...)
	}
	bad(t, exitFailed, []string{"calibrate: "}, "calibrate", dir)
}
