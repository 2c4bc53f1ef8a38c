package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/replay"
)

var (
	faultsEach = flag.Int("faults", 1, "inject each fault of a process so often")
	faultsTo   = flag.String("table", "", "append the fault table to this file")
)

// tiny is the camera of the processes: endless, its pairs known.
const tiny = "synth:seed=5,cut=1,width=64,height=48"

// TestProcessFaultTable does to processes what cannot be done to a pipeline, and looks at what they leave behind.
func TestProcessFaultTable(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	needProcesses(t)
	if _, err := os.Stat("/bin/bash"); err != nil {
		t.Skip(err)
	}
	whole := good(t, "run", tiny+",frames=400", "-m", student("early"), "-f", "pgm")
	known := pairsOf(t, 400)
	var table strings.Builder
	fmt.Fprintf(&table, "%-22s %6s  %-34s %-26s %s\n", "fault of a process", "times", "left behind", "worst time to the end, ms", "lost")
	for i, row := range []struct {
		name, left, lost string
		once             func(t *testing.T, rng *rand.Rand) (end time.Duration)
	}{
		{"closed pipe", "whole masks, exit status 0", "what waited", func(t *testing.T, rng *rand.Rand) time.Duration { return closePipe(t, rng, whole) }},
		{"slow consumer", "every mask, in order", "nothing", func(t *testing.T, rng *rand.Rand) time.Duration { return readSlowly(t, rng, whole) }},
		{"SIGTERM", "whole masks, exit status 0", "what waited", func(t *testing.T, rng *rand.Rand) time.Duration { return terminate(t, rng, whole) }},
		{"full disk, masks", "whole masks", "what found no room, counted", func(t *testing.T, rng *rand.Rand) time.Duration { return fillDisk(t, rng, whole) }},
		{"SIGKILL, recording", "whole pairs, which replay", "pairs not yet in the index", func(t *testing.T, rng *rand.Rand) time.Duration { return killRecording(t, rng, known) }},
		{"SIGTERM, recording", "every pair, which replay", "nothing", func(t *testing.T, rng *rand.Rand) time.Duration { return stopRecording(t, rng, known) }},
		{"torn recording", "the whole pairs replay", "torn pairs, counted", func(t *testing.T, rng *rand.Rand) time.Duration { return tearRecording(t, rng, known) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			worst := time.Duration(0)
			for n := range *faultsEach {
				worst = max(worst, row.once(t, rand.New(rand.NewPCG(uint64(i), uint64(n)))))
			}
			fmt.Fprintf(&table, "%-22s %6d  %-34s %-26d %s\n", row.name, *faultsEach, row.left, worst.Milliseconds(), row.lost)
		})
	}
	if t.Failed() {
		return
	}
	if *faultsTo == "" {
		t.Log("\n" + table.String())
		return
	}
	f, err := os.OpenFile(*faultsTo, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.WriteString(table.String())
}

// pairsOf are the first pairs of the camera.
func pairsOf(t *testing.T, n int) []*capture.Pair {
	t.Helper()
	src, err := openSource(fmt.Sprintf("%s,frames=%d", tiny, n), sourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var list []*capture.Pair
	for {
		p := new(capture.Pair)
		if err := src.Next(context.Background(), p); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// start begins edge with its stdout piped here, and its stderr into words.
func start(t *testing.T, words io.Writer, args ...string) (*exec.Cmd, io.ReadCloser) {
	t.Helper()
	cmd := process(t, args...)
	cmd.Stderr = words
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, out
}

// ended waits for a process that was told to end, and returns how long it took.
func ended(t *testing.T, cmd *exec.Cmd, words fmt.Stringer, ok bool) time.Duration {
	t.Helper()
	begin := time.Now()
	timer := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if (err == nil) != ok {
		t.Fatalf("%v: %s", err, words)
	}
	return time.Since(begin)
}

// prefix expects the beginning of what an undisturbed run writes, which may go on beyond what is known.
func prefix(t *testing.T, got, whole string) {
	t.Helper()
	n := min(len(got), len(whole))
	if got[:n] != whole[:n] {
		t.Fatalf("%d bytes are not those of an undisturbed run", len(got))
	}
}

func closePipe(t *testing.T, rng *rand.Rand, whole string) time.Duration {
	var words strings.Builder
	cmd, out := start(t, &words, "run", tiny, "-m", student("early"), "-f", "pgm")
	got := make([]byte, 1+rng.IntN(len(whole)/4))
	if _, err := io.ReadFull(out, got); err != nil {
		t.Fatal(err, words.String())
	}
	prefix(t, string(got), whole)
	out.Close()
	took := ended(t, cmd, &words, true)
	balanced(t, words.String())
	return took
}

func readSlowly(t *testing.T, rng *rand.Rand, whole string) time.Duration {
	var words strings.Builder
	frames := 40
	cmd, out := start(t, &words, "run", fmt.Sprintf("%s,frames=%d", tiny, frames), "-m", student("early"), "-f", "pgm")
	var got []byte
	part := make([]byte, len(whole)/400)
	for {
		n, err := out.Read(part)
		got = append(got, part[:n]...)
		if err != nil {
			break
		}
		if rng.IntN(10) == 0 {
			time.Sleep(time.Duration(rng.IntN(10)) * time.Millisecond)
		}
	}
	if string(got) != whole[:len(whole)/400*frames] {
		t.Fatalf("%d bytes of %d masks", len(got), frames)
	}
	took := ended(t, cmd, &words, true)
	balanced(t, words.String())
	return took
}

func terminate(t *testing.T, rng *rand.Rand, whole string) time.Duration {
	var words strings.Builder
	cmd, out := start(t, &words, "run", tiny, "-m", student("early"), "-f", "pgm")
	r := bufio.NewReader(out)
	first := make([]byte, 1+rng.IntN(len(whole)/4))
	if _, err := io.ReadFull(r, first); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	begin := time.Now()
	rest, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	got := string(first) + string(rest)
	prefix(t, got, whole)
	if len(got)%(len(whole)/400) != 0 {
		t.Errorf("%d bytes are no whole masks", len(got))
	}
	ended(t, cmd, &words, true)
	balanced(t, words.String())
	return time.Since(begin)
}

func fillDisk(t *testing.T, rng *rand.Rand, whole string) time.Duration {
	path := filepath.Join(t.TempDir(), "masks.pgm")
	cmd := process(t, "run", tiny+",frames=40", "-m", student("early"), "-o", path, "--on-full", "shed")
	room := 4 + rng.IntN(80)
	cmd.Args = append([]string{"bash", "-c", `ulimit -f $1; trap "" XFSZ; shift; exec "$@"`, "x", fmt.Sprint(room), cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/bash"
	begin := time.Now()
	words, err := cmd.CombinedOutput()
	got, e := os.ReadFile(path)
	if err != nil || e != nil {
		t.Fatalf("%v, %v: %s", err, e, words)
	}
	prefix(t, string(got), whole)
	if one := len(whole) / 400; len(got)%one != 0 || len(got) != room<<10/one*one {
		t.Errorf("%d bytes in a room of %d KiB", len(got), room)
	}
	balanced(t, string(words))
	return time.Since(begin)
}

// record begins a recording, and waits until it has some pairs.
func record(t *testing.T, rng *rand.Rand, words io.Writer) (cmd *exec.Cmd, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "recording")
	cmd, out := start(t, words, "record", tiny, "-o", dir, "--frames", "390")
	out.Close()
	want := rng.IntN(60)
	for range 4000 {
		index, _ := os.ReadFile(filepath.Join(dir, "associations.txt"))
		if strings.Count(string(index), ".png\n") > want {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	time.Sleep(time.Duration(rng.IntN(5000)) * time.Microsecond)
	return cmd, dir
}

// replays reads a recording, holds its pairs to the known ones, and returns how many there are.
func replays(t *testing.T, dir string, known []*capture.Pair, o replay.Options) (n int, stats replay.Stats) {
	t.Helper()
	rec, err := replay.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	var p capture.Pair
	for err = rec.Next(t.Context(), &p); err == nil; err = rec.Next(t.Context(), &p) {
		want := known[p.Seq]
		if !slices.Equal(p.Color.Pix, want.Color.Pix) || !slices.Equal(p.Depth.Pix, want.Depth.Pix) {
			t.Fatalf("pair %d is not as it was", p.Seq)
		}
		n++
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return n, rec.Stats()
}

func killRecording(t *testing.T, rng *rand.Rand, known []*capture.Pair) time.Duration {
	var words strings.Builder
	cmd, dir := record(t, rng, &words)
	begin := time.Now()
	cmd.Process.Kill()
	cmd.Wait()
	if n, _ := replays(t, dir, known, replay.Options{Labels: "-"}); n == 0 {
		t.Errorf("nothing replays: %s", words.String())
	}
	return time.Since(begin)
}

func stopRecording(t *testing.T, rng *rand.Rand, known []*capture.Pair) time.Duration {
	var words strings.Builder
	cmd, dir := record(t, rng, &words)
	begin := time.Now()
	cmd.Process.Signal(syscall.SIGTERM)
	ended(t, cmd, &words, true)
	took := time.Since(begin)
	n, _ := replays(t, dir, known, replay.Options{Labels: "-"})
	if want := fmt.Sprintf("pairs=%d ", n); !strings.Contains(words.String(), want) {
		t.Errorf("%d pairs replay: %s", n, words.String())
	}
	return took
}

// tearRecording cuts random files of a whole recording off.
func tearRecording(t *testing.T, rng *rand.Rand, known []*capture.Pair) time.Duration {
	dir := filepath.Join(t.TempDir(), "recording")
	good(t, "record", tiny+",frames=20", "-o", dir, "-q")
	torn := map[string]bool{}
	for range 1 + rng.IntN(5) {
		name := fmt.Sprintf("%08d.png", rng.IntN(20))
		path := filepath.Join(dir, []string{"rgb", "depth"}[rng.IntN(2)], name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, rng.Int64N(info.Size())); err != nil {
			t.Fatal(err)
		}
		torn[name] = true
	}
	begin := time.Now()
	n, stats := replays(t, dir, known, replay.Options{OnError: replay.Skip, Labels: "-"})
	if n != 20-len(torn) || stats.Skipped != uint64(len(torn)) {
		t.Errorf("%d of 20 pairs replay, %d skipped, %d are torn", n, stats.Skipped, len(torn))
	}
	return time.Since(begin)
}
