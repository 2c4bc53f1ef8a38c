package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/replay"
	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/runtime"
)

// lossy writes a recording of 12 pairs of which depth is blind in pairs 4 and 5 and colour dark in pair 9.
func lossy(t *testing.T) string {
	t.Helper()
	return rewritten(t, "synth:seed=7,cut=1,width=96,height=72,frames=12", func(i int, p *capture.Pair) bool {
		p.Labels.Resize(0, 0)
		switch i {
		case 4, 5:
			clear(p.Depth.Pix)
		case 9:
			clear(p.Color.Pix)
		}
		return true
	})
}

// rewritten is a recording of those of a source's 12 pairs that keep keeps, which may change them.
func rewritten(t *testing.T, source string, keep func(i int, p *capture.Pair) bool) string {
	t.Helper()
	src, err := openSource(source, sourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dir := filepath.Join(t.TempDir(), "rewritten")
	w, err := replay.Create(dir, src.Calibration(), replay.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var p capture.Pair
	for i := range 12 {
		if err := src.Next(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
		if !keep(i, &p) {
			continue
		}
		if err := w.Write(&p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// modesOf is a letter per line of ndjson, a dot for each number that is missing.
func modesOf(t *testing.T, out string) (modes, models string) {
	t.Helper()
	next := 0
	for line := range strings.Lines(out) {
		var m struct {
			Seq                 int
			Mode, Reason, Model string
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		for ; next < m.Seq; next++ {
			modes += "."
		}
		next++
		modes += map[string]string{"paired": "P", "color-only": "C", "depth-only": "D"}[m.Mode]
		models += strings.TrimPrefix(m.Model, "tiny-")[:1]
		if m.Mode != "paired" && m.Reason == "" {
			t.Errorf("frame %d: %s for no reason", m.Seq, m.Mode)
		}
	}
	return modes, models
}

func TestRunSurvivesLostImages(t *testing.T) {
	dir := lossy(t)
	run := func(args ...string) (modes, models, words string) {
		t.Helper()
		code, out, words := edge(append([]string{"run", dir, "-f", "ndjson", "--hold", "1"}, args...)...)
		if code != exitOK {
			t.Fatalf("exit status %d: %s", code, words)
		}
		balanced(t, words)
		modes, models = modesOf(t, out)
		return modes, models, words
	}
	early := []string{"-m", student("early"), "--checks", "on"}
	modes, models, words := run(append(early, "--rgb-student", student("rgb"), "--depth-student", student("depth"))...)
	if modes != "PPPPCCCPPDDP" || models != "eeeerrreedde" || !strings.Contains(words, `mode=color-only because="depth lost: blind" model=tiny-rgb`) {
		t.Errorf("%s by %s: %s", modes, models, words)
	}
	if modes, models, _ := run(early...); modes != "PPPPCCCPPDDP" || models != "eeeeeeeeeeee" {
		t.Errorf("alone: %s by %s", modes, models)
	}
	if modes, _, words := run(append(early, "--require", "paired")...); modes != "PPPP...PP..P" || !strings.Contains(words, "5 not paired") {
		t.Errorf("paired: %s: %s", modes, words)
	}
	if modes, _, _ := run("-m", student("early")); modes != "PPPPPPPPPPPP" {
		t.Errorf("a recording is not checked: %s", modes)
	}
	// Students that stand in are found by their names.
	models2 := t.TempDir()
	for from, to := range map[string]string{"early": "m.onnx", "rgb": "m-rgb.onnx", "depth": "m-depth.onnx"} {
		file, err := os.ReadFile(student(from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(models2, to), file, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	m := filepath.Join(models2, "m.onnx")
	if _, models, _ := run("-m", m, "--checks", "on"); models != "eeeerrreedde" {
		t.Errorf("by name: %s", models)
	}
	if _, models, _ := run("-m", m, "--checks", "on", "--rgb-student", "none"); models != "eeeeeeeeedde" {
		t.Errorf("without one: %s", models)
	}
	bad(t, exitUsage, []string{"cannot stand in as --rgb-student: it takes depth alone"}, "run", dir, "-m", m, "--rgb-student", student("depth"))
	bad(t, exitUsage, []string{"there is no nano student"}, "run", dir, "-m", student("early"), "--max-temp", "70")
	bad(t, exitUsage, []string{"--void-below"}, "run", dir, "-m", m, "--void-below", "1.5")
}

// TestRunWhenHot has a machine at 90 °C.
// TestRunLoadsStandInsLate holds a run of the shipped students, of which those that stand in are loaded when they are needed,
// against one that has them from the beginning, while depth and colour are lost; each from the first frame on, too.
func TestRunLoadsStandInsLate(t *testing.T) {
	dir := lossy(t)
	for _, skip := range []string{"0", "4", "9"} { // pairs 4 and 5 lack depth, 9 colour
		list := from(t, dir, skip)
		args := []string{"run", list, "-f", "ndjson", "--hold", "1", "--checks", "on"}
		late := facts.ReplaceAllString(good(t, args...), "")
		early := facts.ReplaceAllString(good(t, append(args, "--rgb-student", "tabletop-rgb", "--depth-student", "tabletop-depth")...), "")
		if late != early || !strings.Contains(late, `"model":"tabletop-depth"`) || skip != "9" && !strings.Contains(late, `"model":"tabletop-rgb"`) {
			t.Errorf("from pair %s on: other masks than with students loaded at the start:\n%.400s\n%.400s", skip, late, early)
		}
	}
}

// facts are what two runs of the same frames do not share.
var facts = regexp.MustCompile(`"ms":\{[^}]*\}`)

// from copies a recording without its first pairs.
func from(t *testing.T, dir, skip string) string {
	t.Helper()
	first, err := strconv.Atoi(skip)
	if err != nil {
		t.Fatal(err)
	}
	return rewritten(t, dir, func(i int, _ *capture.Pair) bool { return i >= first })
}

// TestShippedStandInsFit loads those of every shipped student as a run does that needs them.
func TestShippedStandInsFit(t *testing.T) {
	found := 0
	for _, name := range models.List() {
		c := runCmd{Model: name}
		s, err := c.openStudents(&env{log: slog.New(newHandler(io.Discard, slog.LevelError, true))})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range s.standby {
			if err := m.Load(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			found++
		}
		for _, ending := range []string{"-rgb", "-depth"} { // what the policy is told before is what they are
			if !slices.Contains(models.List(), name+ending) {
				continue
			}
			m, err := openStudent(name+ending, runtime.StudentOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if m.UsesColor() != (ending == "-rgb") || m.UsesDepth() != (ending == "-depth") || !sameClasses(m, s.main) {
				t.Errorf("%s cannot stand in for %s", m, name)
			}
			m.Close()
		}
		s.Close()
	}
	if found != 2 {
		t.Errorf("%d stand-ins, want tabletop's 2", found)
	}
}

func TestRunWhenHot(t *testing.T) {
	zone := filepath.Join(t.TempDir(), "class", "thermal", "thermal_zone0")
	if err := os.MkdirAll(zone, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(zone, "temp"), []byte("90000\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(zone, "..", "..", "..")
	code, out, words := edge("run", "synth:seed=7,cut=1,width=96,height=72,frames=30", "-m", student("early"), "--nano-student", student("two"),
		"--max-temp", "80", "--sysfs", root, "--fps", "100", "-f", "ndjson")
	_, models := modesOf(t, out)
	if code != exitOK || !strings.HasSuffix(models, "tttt") {
		t.Errorf("exit status %d, %s: %s", code, models, words)
	}
}

func TestRunVoidAndHoles(t *testing.T) {
	type line struct {
		NoDepth    int `json:"no_depth"`
		Confidence float64
		Classes    map[string]int
		Holes      *struct{ Counts string }
	}
	first := func(args ...string) (l line) {
		t.Helper()
		out := good(t, append([]string{"run", source, "-m", student("early"), "-f", "ndjson", "-n", "1"}, args...)...)
		if err := json.Unmarshal([]byte(out), &l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	plain, unsure, holes := first(), first("--void-below", "0.75"), first("--holes")
	if plain.Classes["void"] != 0 || plain.Confidence != 0 || plain.Holes != nil {
		t.Errorf("plain: %+v", plain)
	}
	if unsure.Classes["void"] == 0 || unsure.Confidence < 0.5 || unsure.Confidence > 1 {
		t.Errorf("void below 0.75: %+v", unsure)
	}
	if holes.Holes == nil || holes.NoDepth != plain.NoDepth || holes.NoDepth == 0 {
		t.Errorf("holes: %+v", holes)
	}
}

// TestRunOnFullDisk limits the size that files may have, as a full disk does, in a process of its own.
func TestRunOnFullDisk(t *testing.T) {
	needProcesses(t)
	if _, err := os.Stat("/bin/bash"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	want := good(t, "run", source, "-m", student("early"), "-f", "pgm")
	frame := len(want) / 5
	for _, shed := range []string{"stop", "shed"} {
		path := filepath.Join(dir, shed+".pgm")
		// ulimit -f counts 1,024 bytes: room for two masks and a part of the third.
		cmd := process(t, "run", source, "-m", student("early"), "-o", path, "--on-full", shed)
		cmd.Args = append([]string{"bash", "-c", `ulimit -f $1; trap "" XFSZ; shift; exec "$@"`, "x", "18", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/bash"
		words, err := cmd.CombinedOutput()
		if (err == nil) != (shed == "shed") {
			t.Errorf("%s: %v: %s", shed, err, words)
		}
		got, e := os.ReadFile(path)
		if e != nil || string(got) != want[:2*frame] {
			t.Errorf("%s: %d bytes, want the first two masks, %d; %v: %s", shed, len(got), 2*frame, e, words)
		}
		if shed == "shed" && (!strings.Contains(string(words), "3 not written") || !strings.Contains(string(words), "the disk is full")) {
			t.Errorf("%s", words)
		}
		balanced(t, string(words))
	}
}

// What a recording sheds is told at its end.
func TestRecordTellsWhatItSheds(t *testing.T) {
	needProcesses(t)
	if _, err := os.Stat("/bin/bash"); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{"shed", "shed.mcap"} {
		path := filepath.Join(t.TempDir(), name)
		cmd := process(t, "record", "synth:seed=1,frames=3", "-o", path, "--on-full", "shed")
		cmd.Args = append([]string{"bash", "-c", `ulimit -f 64; trap "" XFSZ; exec "$@"`, "x", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/bash"
		words, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(words), "3 pairs found no room on the disk") {
			t.Errorf("%s: %v: %s", name, err, words)
		}
		if out := good(t, "run", path, "-m", student("early"), "-f", "raw", "-q"); out != "" {
			t.Errorf("%s: replays as %d bytes", name, len(out))
		}
	}
}
