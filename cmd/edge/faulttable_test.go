//go:build unix

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
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
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

// stage is what the faults of processes begin with.
type stage struct {
	clip  string // a recording of the tiny camera, which is faster to read than the camera is to draw
	whole string // masks of it, again and again, as PGM
	one   int    // bytes of a mask
	known []*capture.Pair
}

func newStage(t *testing.T) *stage {
	s := &stage{clip: filepath.Join(t.TempDir(), "clip"), known: pairsOf(t, 120)}
	good(t, "record", tiny+",frames=40", "-o", s.clip, "-q")
	s.whole = good(t, append(s.run(), "--frames", "400")...)
	s.one = len(s.whole) / 400
	return s
}

// run is the command that makes masks without an end.
func (s *stage) run() []string {
	return []string{"run", s.clip, "--loop", "-m", student("early"), "-f", "pgm", "--threads", "1"}
}

// TestProcessFaultTable does to processes what cannot be done to a pipeline, and looks at what they leave behind.
func TestProcessFaultTable(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	needProcesses(t)
	if _, err := os.Stat("/bin/bash"); err != nil {
		t.Skip(err)
	}
	s := newStage(t)
	var table strings.Builder
	fmt.Fprintf(&table, "%-26s %6s  %-34s %-26s %s\n", "fault of a process", "times", "left behind", "worst time to the end, ms", "lost")
	for i, row := range []struct {
		name, left, lost string
		once             func(t *testing.T, rng *rand.Rand) (end time.Duration)
	}{
		{"closed pipe", "whole masks, exit status 0", "what waited", s.closePipe},
		{"slow consumer", "every mask, in order", "nothing", s.readSlowly},
		{"nobody reads, SIGTERM", "whole masks, the last torn", "what waited, that one", s.nobodyReads},
		{"SIGTERM, SIGINT, SIGHUP", "whole masks, exit status 0", "what waited", s.terminate},
		{"SIGSTOP, SIGCONT", "every mask, in order", "nothing", s.pause},
		{"full disk, masks", "whole masks", "what found no room, counted", s.fillDisk},
		{"full disk, recording", "whole pairs, which replay", "what found no room, counted", s.fillRecording},
		{"folder gone, recording", "nothing; exit status 1, why", "everything", s.removeRecording},
		{"SIGKILL, recording", "whole pairs, which replay", "pairs not yet in the index", s.killRecording},
		{"SIGTERM, recording", "every pair, which replay", "nothing", s.stopRecording},
		{"torn recording", "the whole pairs replay", "torn pairs, counted", s.tearRecording},
	} {
		t.Run(row.name, func(t *testing.T) {
			var mu sync.Mutex
			worst := time.Duration(0)
			t.Run("all", func(t *testing.T) {
				for n := range *faultsEach {
					t.Run(fmt.Sprint(n), func(t *testing.T) {
						t.Parallel()
						took := row.once(t, rand.New(rand.NewPCG(uint64(i), uint64(n))))
						mu.Lock()
						defer mu.Unlock()
						worst = max(worst, took)
					})
				}
			})
			fmt.Fprintf(&table, "%-26s %6d  %-34s %-26d %s\n", row.name, *faultsEach, row.left, worst.Milliseconds(), row.lost)
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

func (s *stage) closePipe(t *testing.T, rng *rand.Rand) time.Duration {
	var words strings.Builder
	cmd, out := start(t, &words, s.run()...)
	got := make([]byte, 1+rng.IntN(len(s.whole)/8))
	if _, err := io.ReadFull(out, got); err != nil {
		t.Fatal(err, words.String())
	}
	prefix(t, string(got), s.whole)
	out.Close()
	took := ended(t, cmd, &words, true)
	balanced(t, words.String())
	return took
}

func (s *stage) readSlowly(t *testing.T, rng *rand.Rand) time.Duration {
	var words strings.Builder
	frames := 40
	cmd, out := start(t, &words, append(s.run(), "--frames", fmt.Sprint(frames))...)
	var got []byte
	part := make([]byte, s.one)
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
	if string(got) != s.whole[:s.one*frames] {
		t.Fatalf("%d bytes of %d masks", len(got), frames)
	}
	took := ended(t, cmd, &words, true)
	balanced(t, words.String())
	return took
}

// nobodyReads reads some masks, then no more, and tells the process to end when the pipe is full.
func (s *stage) nobodyReads(t *testing.T, rng *rand.Rand) time.Duration {
	var words strings.Builder
	cmd, out := start(t, &words, s.run()...)
	got := make([]byte, 1+rng.IntN(len(s.whole)/8))
	if _, err := io.ReadFull(out, got); err != nil {
		t.Fatal(err, words.String())
	}
	time.Sleep(300 * time.Millisecond)
	cmd.Process.Signal(syscall.SIGTERM)
	begin := time.Now()
	timer := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer timer.Stop()
	state, _ := cmd.Process.Wait()
	took := time.Since(begin)
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, rest...)
	cmd.Wait()
	prefix(t, string(got), s.whole)
	switch code := state.ExitCode(); {
	case code == exitOK && len(got)%s.one == 0: // so slow a machine that the pipe was not full
	case code != exitFailed || !strings.Contains(words.String(), "nobody takes the mask"):
		t.Errorf("exit status %d: %s", code, words.String())
	}
	balanced(t, words.String())
	return took
}

func (s *stage) terminate(t *testing.T, rng *rand.Rand) time.Duration {
	var words strings.Builder
	cmd, out := start(t, &words, s.run()...)
	r := bufio.NewReader(out)
	first := make([]byte, 1+rng.IntN(len(s.whole)/8))
	if _, err := io.ReadFull(r, first); err != nil {
		t.Fatal(err)
	}
	list := endings(signal.Ignored) // under nohup the process ignores what this one ignores
	cmd.Process.Signal(list[rng.IntN(len(list))])
	begin := time.Now()
	rest, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	got := string(first) + string(rest)
	prefix(t, got, s.whole)
	if len(got)%s.one != 0 {
		t.Errorf("%d bytes are no whole masks", len(got))
	}
	ended(t, cmd, &words, true)
	balanced(t, words.String())
	return time.Since(begin)
}

// pause stops the process now and then, and has it go on.
func (s *stage) pause(t *testing.T, rng *rand.Rand) time.Duration {
	var words strings.Builder
	frames := 100
	cmd, out := start(t, &words, append(s.run(), "--frames", fmt.Sprint(frames))...)
	at := rng.IntN(s.one * frames * 2 / 3)
	got := make([]byte, at)
	if _, err := io.ReadFull(out, got); err != nil {
		t.Fatal(err, words.String())
	}
	cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond)
	cmd.Process.Signal(syscall.SIGCONT)
	rest, err := io.ReadAll(out)
	if got = append(got, rest...); err != nil || string(got) != s.whole[:s.one*frames] {
		t.Fatalf("%v, %d bytes of %d masks", err, len(got), frames)
	}
	took := ended(t, cmd, &words, true)
	balanced(t, words.String())
	return took
}

// limited has a command fail to write a file beyond so many KiB; with to it goes there.
func limited(cmd *exec.Cmd, room int, to string) {
	script := `ulimit -f $1; trap "" XFSZ; to=$2; shift 2; exec "$@"`
	if to != "" {
		script += ` >> "$to"`
	}
	cmd.Args = append([]string{"bash", "-c", script, "x", fmt.Sprint(room), to, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/bash"
}

// fillDisk has masks find no room, in a file of the command's own or in one that stdout goes on.
func (s *stage) fillDisk(t *testing.T, rng *rand.Rand) time.Duration {
	path := filepath.Join(t.TempDir(), "masks.pgm")
	args := append(s.run(), "--frames", "40", "--on-full", "shed")
	room, before := 4+rng.IntN(80), ""
	if rng.IntN(2) == 0 {
		cmd := process(t, append(args, "-o", path)...)
		limited(cmd, room, "")
		return s.full(t, cmd, path, room, "")
	}
	before = s.whole[:rng.IntN(4096)] // what others wrote stays
	if err := os.WriteFile(path, []byte(before), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := process(t, args...)
	room += 8 // for one mask at least: a file that is full from the start is an error
	limited(cmd, room, path)
	return s.full(t, cmd, path, room, before)
}

func (s *stage) full(t *testing.T, cmd *exec.Cmd, path string, room int, before string) time.Duration {
	t.Helper()
	begin := time.Now()
	words, err := cmd.CombinedOutput()
	took := time.Since(begin)
	got, e := os.ReadFile(path)
	if err != nil || e != nil {
		t.Fatalf("%v, %v: %s", err, e, words)
	}
	n := len(before)
	if len(got) < n || string(got[:n]) != before {
		t.Fatal("what was in the file before is not")
	}
	prefix(t, string(got[n:]), s.whole)
	if rest := len(got) - n; rest%s.one != 0 || rest != (room<<10-n)/s.one*s.one {
		t.Errorf("%d bytes, %d of masks, in a room of %d KiB", len(got), rest, room)
	}
	balanced(t, string(words))
	return took
}

// fillRecording records where larger files find no room.
func (s *stage) fillRecording(t *testing.T, rng *rand.Rand) time.Duration {
	dir := filepath.Join(t.TempDir(), "recording")
	cmd := process(t, "record", s.clip, "-o", dir, "--on-full", "shed")
	limited(cmd, 3+rng.IntN(8), "")
	begin := time.Now()
	words, err := cmd.CombinedOutput()
	took := time.Since(begin)
	if err != nil {
		t.Fatalf("%v: %s", err, words)
	}
	n, _ := replays(t, dir, s.known, replay.Options{Labels: "-"})
	if want := fmt.Sprintf("pairs=%d ", n); !strings.Contains(string(words), want) || n < 40 && !strings.Contains(string(words), fmt.Sprintf("%d pairs found no room", 40-n)) {
		t.Errorf("%d pairs replay: %s", n, words)
	}
	return took
}

// removeRecording takes the folder away while it is recorded.
func (s *stage) removeRecording(t *testing.T, rng *rand.Rand) time.Duration {
	var words strings.Builder
	cmd, dir := record(t, rng, &words)
	begin := time.Now()
	if err := os.Rename(dir, dir+"-gone"); err != nil {
		t.Fatal(err)
	}
	ended(t, cmd, &words, false)
	if w := words.String(); strings.Count(w, "no such file or directory") != 1 || strings.Contains(w, "panic") {
		t.Errorf("the words: %s", w)
	}
	return time.Since(begin)
}

// record begins a recording, and waits until it has some pairs.
func record(t *testing.T, rng *rand.Rand, words io.Writer) (cmd *exec.Cmd, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "recording")
	cmd, out := start(t, words, "record", tiny, "-o", dir, "--frames", "120")
	out.Close()
	want := rng.IntN(20)
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

func (s *stage) killRecording(t *testing.T, rng *rand.Rand) time.Duration {
	var words strings.Builder
	cmd, dir := record(t, rng, &words)
	begin := time.Now()
	cmd.Process.Kill()
	cmd.Wait()
	if n, _ := replays(t, dir, s.known, replay.Options{Labels: "-"}); n == 0 {
		t.Errorf("nothing replays: %s", words.String())
	}
	return time.Since(begin)
}

func (s *stage) stopRecording(t *testing.T, rng *rand.Rand) time.Duration {
	var words strings.Builder
	cmd, dir := record(t, rng, &words)
	begin := time.Now()
	cmd.Process.Signal(syscall.SIGTERM)
	ended(t, cmd, &words, true)
	took := time.Since(begin)
	n, _ := replays(t, dir, s.known, replay.Options{Labels: "-"})
	if want := fmt.Sprintf("pairs=%d ", n); !strings.Contains(words.String(), want) {
		t.Errorf("%d pairs replay: %s", n, words.String())
	}
	return took
}

// tearRecording cuts random files of a whole recording off.
func (s *stage) tearRecording(t *testing.T, rng *rand.Rand) time.Duration {
	dir := filepath.Join(t.TempDir(), "recording")
	if err := os.CopyFS(dir, os.DirFS(s.clip)); err != nil {
		t.Fatal(err)
	}
	torn := map[string]bool{}
	for range 1 + rng.IntN(5) {
		name := fmt.Sprintf("%08d.png", rng.IntN(40))
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
	n, stats := replays(t, dir, s.known, replay.Options{OnError: replay.Skip, Labels: "-"})
	if n != 40-len(torn) || stats.Skipped != uint64(len(torn)) {
		t.Errorf("%d of 40 pairs replay, %d skipped, %d are torn", n, stats.Skipped, len(torn))
	}
	return time.Since(begin)
}
