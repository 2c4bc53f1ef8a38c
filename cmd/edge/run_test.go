package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// times is what differs from run to run.
var times = regexp.MustCompile(`"ms":\{[^}]*\}`)

// golden is a small recording of the synthetic camera, stored so that the golden masks do not depend on the camera.
const golden = "testdata/recording"

func TestRunGolden(t *testing.T) {
	for _, kind := range []string{"early", "two", "rgb", "depth"} {
		got := times.ReplaceAllString(good(t, "run", golden, "-m", student(kind)), `"ms":{}`)
		file := filepath.Join("testdata", "run-"+kind+".ndjson")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: masks differ from %s", kind, file)
		}
		if n := strings.Count(got, "\n"); n != 4 {
			t.Errorf("%s: %d lines for 4 frames", kind, n)
		}
	}
}

// TestRunIsTheSameEverywhere runs a recording with other numbers of threads and kernels, and from the camera directly.
func TestRunIsTheSameEverywhere(t *testing.T) {
	dir := recording(t)
	want := sha256.Sum256([]byte(good(t, "run", dir, "-m", student("early"), "-f", "raw")))
	for _, args := range []string{"--threads 1", "--threads 2", "--threads 5", "--disable simd", ""} {
		from := dir
		if args == "" {
			from = source
		}
		got := good(t, append([]string{"run", from, "-m", student("early"), "-f", "raw"}, strings.Fields(args)...)...)
		if sha256.Sum256([]byte(got)) != want {
			t.Errorf("edge run %s %s: other masks", from, args)
		}
	}
}

// TestRunLive expects every frame of a paced source to be a mask or a counted drop, in order.
func TestRunLive(t *testing.T) {
	code, out, words := edge("run", source, "-m", student("early"), "--live", "--fps", "200")
	if code != exitOK || !strings.Contains(words, "edge: 5 frames") || out == "" {
		t.Errorf("exit status %d: %s", code, words)
	}
	balanced(t, words)
	last := -1
	for line := range strings.Lines(out) {
		var m struct{ Seq int }
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Seq <= last {
			t.Fatalf("%v: frame %d after %d", err, m.Seq, last)
		}
		last = m.Seq
	}
}

func TestRunFormats(t *testing.T) {
	raw := good(t, "run", source, "-m", student("early"), "-f", "raw")
	if len(raw) != 5*96*72 {
		t.Fatalf("raw has %d bytes", len(raw))
	}
	if pgm := good(t, "run", source, "-m", student("early"), "-f", "pgm"); strings.ReplaceAll(pgm, pgm[:len(pgm)/5-96*72], "") != raw {
		t.Error("pgm carries other classes than raw")
	}
	model := good(t, "run", source, "-m", student("early"), "-f", "raw", "--size", "model")
	if len(model) != 5*64*48 {
		t.Errorf("--size model has %d bytes", len(model))
	}
	for i := range 72 { // nearest: ⌊(2j+1)·in / (2·out)⌋
		for j := range 96 {
			if raw[i*96+j] != model[(2*i+1)*48/144*64+(2*j+1)*64/192] {
				t.Fatalf("pixel (%d, %d) is not the nearest of the model's", j, i)
			}
		}
	}
	for _, f := range formatNames() {
		dir := filepath.Join(t.TempDir(), "out")
		args := []string{"run", source, "-m", student("early"), "-f", f, "-q", "-n", "2"}
		if f == "png" || f == "overlay" {
			good(t, append(args, "-o", dir)...)
			if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
				t.Errorf("%s: %d files, %v", f, len(files), err)
			}
			continue
		}
		if out := good(t, args...); out == "" {
			t.Errorf("%s: nothing", f)
		}
	}
}

func TestRunOutputs(t *testing.T) {
	dir := t.TempDir()
	want := good(t, "run", source, "-m", student("early"), "-f", "pgm")
	for name, want := range map[string]string{"a.pgm": want} {
		path := filepath.Join(dir, name)
		if out := good(t, "run", source, "-m", student("early"), "-o", path); out != "" {
			t.Errorf("%s: something on stdout, too", name)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, want %d: %v", name, len(got), len(want), err)
		}
	}
	masks := filepath.Join(dir, "masks")
	good(t, "run", source, "-m", student("early"), "-o", masks)
	f, err := os.Open(filepath.Join(masks, "000003.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	raw := good(t, "run", source, "-m", student("early"), "-f", "raw")
	if p, ok := img.(*image.Paletted); !ok || string(p.Pix) != raw[3*96*72:4*96*72] {
		t.Error("the fourth PNG is not the fourth mask")
	}
	bad(t, exitFailed, []string{"no/such"}, "run", source, "-m", student("early"), "-o", "no/such/file.pgm")
}

func TestRunSummary(t *testing.T) {
	_, _, words := edge("run", source, "-m", student("early"))
	if !strings.Contains(words, "5 frames, 5 masks, 0 dropped") || !strings.Contains(words, "p99") {
		t.Errorf("summary: %s", words)
	}
	if _, _, words := edge("run", source, "-m", student("early"), "--quiet"); words != "" {
		t.Errorf("--quiet says %q", words)
	}
	_, _, words = edge("run", source, "-m", student("early"), "--json", "-n", "3")
	var sum runSummary
	if err := json.Unmarshal([]byte(words), &sum); err != nil || sum.Frames != 3 || sum.Masks != 3 || sum.InferMS.P50 <= 0 {
		t.Errorf("%v: %s", err, words)
	}
}

// TestRunSkipsTornFiles tears one colour image of a recording.
func TestRunSkipsTornFiles(t *testing.T) {
	dir := recording(t)
	torn := filepath.Join(dir, "rgb", "00000002.png")
	file, err := os.ReadFile(torn)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(torn, file[:len(file)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	code, out, words := edge("run", dir, "-m", student("early"), "-f", "raw")
	if code != exitFailed || !strings.Contains(words, "00000002.png") || len(out) != 2*96*72 {
		t.Errorf("stop: exit status %d, %d bytes, %s", code, len(out), words)
	}
	code, out, words = edge("run", dir, "-m", student("early"), "-f", "raw", "--on-error", "skip")
	if code != exitOK || !strings.Contains(words, "5 frames, 4 masks, 1 dropped (1 unreadable)") || len(out) != 4*96*72 {
		t.Errorf("skip: exit status %d, %d bytes, %s", code, len(out), words)
	}
	if !strings.Contains(words, "00000002.png") {
		t.Errorf("skip does not name the file: %s", words)
	}
}

// endless runs edge on a camera without an end as a process, with its stdout read up to the first line.
func endless(t *testing.T, format string) (wait func() (int, string), kill func(os.Signal), out io.ReadCloser) {
	cmd := process(t, "run", "synth:seed=1,width=64,height=48", "-m", student("early"), "-f", format)
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadByte(); err != nil {
		t.Fatal(err)
	}
	wait = func() (int, string) {
		go io.Copy(io.Discard, out)
		timer := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
		defer timer.Stop()
		cmd.Wait()
		return cmd.ProcessState.ExitCode(), words.String()
	}
	return wait, func(s os.Signal) { cmd.Process.Signal(s) }, out
}

// balanced reads the summary, and checks that frames = masks + drops.
func balanced(t *testing.T, words string) {
	t.Helper()
	var frames, masks, drops int
	summary := regexp.MustCompile(`(?m)^edge: \d+ frames,.*`).FindString(words)
	if _, err := fmt.Sscanf(summary, "edge: %d frames, %d masks, %d dropped", &frames, &masks, &drops); err != nil {
		t.Fatalf("no summary: %v: %q", err, words)
	}
	if frames == 0 || masks == 0 || frames != masks+drops {
		t.Errorf("%d frames, %d masks, %d drops", frames, masks, drops)
	}
}

func TestSignalsEndCleanly(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		wait, kill, _ := endless(t, "ndjson")
		kill(signal)
		code, words := wait()
		if code != exitOK {
			t.Errorf("%v: exit status %d: %s", signal, code, words)
		}
		balanced(t, words)
	}
}

// TestClosedPipeEndsCleanly leaves like head -1 does.
func TestClosedPipeEndsCleanly(t *testing.T) {
	for _, format := range []string{"ndjson", "raw", "y4m-overlay"} {
		wait, _, out := endless(t, format)
		out.Close()
		code, words := wait()
		if code != exitOK || strings.Contains(words, "pipe") {
			t.Errorf("%s: exit status %d: %s", format, code, words)
		}
		balanced(t, words)
	}
}

// TestRecordIsWholeWhenInterrupted ends a recording early, and replays it.
func TestRecordIsWholeWhenInterrupted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cut")
	cmd := process(t, "record", "synth:seed=1,width=64,height=48", "-o", dir)
	var words bytes.Buffer
	cmd.Stderr = &words
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 600 { // until there is a pair
		if text, _ := os.ReadFile(filepath.Join(dir, "associations.txt")); bytes.Count(text, []byte(".png")) >= 4 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, words.String())
	}
	var pairs int
	if _, err := fmt.Sscanf(words.String(), "edge: recorded pairs=%d", &pairs); err != nil || pairs == 0 {
		t.Fatalf("%v: %s", err, words.String())
	}
	if out := good(t, "run", dir, "-m", student("early")); strings.Count(out, "\n") != pairs {
		t.Errorf("%d pairs recorded, %d masks", pairs, strings.Count(out, "\n"))
	}
}

func TestRecord(t *testing.T) {
	dir, again := recording(t), filepath.Join(t.TempDir(), "again")
	good(t, "record", dir, "-o", again, "--labels", "--classes", "3", "-q")
	for _, name := range []string{"calibration.json", "associations.txt", "rgb/00000004.png", "depth/00000004.png", "label3/00000004.png"} {
		a, err1 := os.ReadFile(filepath.Join(dir, name))
		b, err2 := os.ReadFile(filepath.Join(again, name))
		if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: %v, %v, equal %v", name, err1, err2, bytes.Equal(a, b))
		}
	}
	out := good(t, "record", source, "-o", filepath.Join(t.TempDir(), "json"), "--json", "-n", "2")
	var sum recordSummary
	if err := json.Unmarshal([]byte(out), &sum); err != nil || sum.Pairs != 2 {
		t.Errorf("%v: %s", err, out)
	}
	bad(t, exitFailed, []string{"not empty"}, "record", source, "-o", dir)
	if _, err := os.Stat(filepath.Join(t.TempDir(), "json", "label3")); err == nil {
		t.Error("labels were written without --labels")
	}
}

// TestMCAP expects a recording in a file to be what the one in a folder is.
func TestMCAP(t *testing.T) {
	dir, file := recording(t), filepath.Join(t.TempDir(), "a.mcap")
	good(t, "record", dir, "-o", file, "--labels", "-q")
	back := filepath.Join(t.TempDir(), "back")
	good(t, "record", file, "-o", back, "--labels", "--classes", "3", "-q")
	for _, name := range []string{"rgb/00000004.png", "depth/00000004.png", "label3/00000004.png"} {
		a, err1 := os.ReadFile(filepath.Join(dir, name))
		b, err2 := os.ReadFile(filepath.Join(back, name))
		if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: %v, %v, equal %v", name, err1, err2, bytes.Equal(a, b))
		}
	}
	early := student("early")
	want := good(t, "run", dir, "-m", early, "-f", "raw")
	for _, from := range []string{file, "mcap:" + file} {
		if good(t, "run", from, "-m", early, "-f", "raw") != want {
			t.Errorf("%s: other masks", from)
		}
	}
	if r := evalJSON(t, file, dir, "-m", early)[0]; r.Sources[0].MIoU != r.Sources[1].MIoU || r.Sources[0].Frames != 5 {
		t.Errorf("eval: %v and %v", r.Sources[0].MIoU, r.Sources[1].MIoU)
	}
	bad(t, exitUsage, []string{"no such file"}, "run", "none.mcap", "-m", early)
	bad(t, exitUsage, []string{"--append"}, "record", dir, "-o", file, "--append")
	bad(t, exitFailed, nil, "record", dir, "-o", file)
}

// TestRecordRegisters expects the masks of a recording with registered depth to be those of the live registration.
func TestRecordRegisters(t *testing.T) {
	plain := recording(t)
	registered := recording(t, "--register")
	var cal struct{ Color, Depth any }
	text, err := os.ReadFile(filepath.Join(registered, "calibration.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cal); err != nil || fmt.Sprint(cal.Color) != fmt.Sprint(cal.Depth) {
		t.Errorf("%v: the cameras differ: %s", err, text)
	}
	args := []string{"-m", student("early"), "-f", "raw"}
	if good(t, append([]string{"run", plain}, args...)...) != good(t, append([]string{"run", registered}, args...)...) {
		t.Error("other masks")
	}
}
