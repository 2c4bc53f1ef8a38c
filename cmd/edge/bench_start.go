package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/replay"
)

// Runs of edge run that measure its start, of which the median counts, and the frames of the one that measures memory.
const (
	startRuns   = 5
	startFrames = 50
)

// start runs this very program on a small recording: the time from its start to the first byte of a mask, and the
// memory that it takes.
func (c *benchCmd) start(e *env, r *benchResult, pairs []*capture.Pair, cal capture.Calibration) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "edge-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	dir := filepath.Join(tmp, "recording")
	w, err := replay.Create(dir, cal, replay.WriterOptions{Sync: -1})
	if err != nil {
		return err
	}
	for i, p := range pairs {
		if p.Seq = uint64(i); err == nil {
			err = w.Write(p)
		}
	}
	if e := w.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	args := []string{"run", dir, "--format", "raw", "--json", "--threads", strconv.Itoa(r.Threads)}
	if c.Model != "" {
		args = append(args, "--model", c.Model)
	}
	if c.CPUs != "" {
		args = append(args, "--cpus", c.CPUs)
	}
	for _, d := range c.Disable {
		args = append(args, "--disable", d)
	}
	for _, shape := range c.Input {
		args = append(args, "--input", shape)
	}
	var first []time.Duration
	for range startRuns {
		d, _, err := firstByte(e, self, append(args, "--frames", "1"))
		if err != nil {
			return err
		}
		first = append(first, d)
	}
	slices.Sort(first)
	r.FirstMaskMS = millis(first[len(first)/2])
	_, sum, err := firstByte(e, self, append(args, "--loop", "--frames", strconv.Itoa(startFrames)))
	if err != nil {
		return err
	}
	r.RSSMB = sum.RSSMB
	return nil
}

// firstByte runs edge run --json to its end: when the first byte of its output came, and its summary.
func firstByte(e *env, self string, args []string) (first time.Duration, sum runSummary, err error) {
	cmd := exec.CommandContext(e.ctx, self, args...)
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, sum, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, sum, err
	}
	var b [1]byte
	_, err = io.ReadFull(out, b[:])
	first = time.Since(begin)
	io.Copy(io.Discard, out)
	if e := cmd.Wait(); e != nil {
		return 0, sum, fmt.Errorf("bench: edge run: %w: %s", e, bytes.TrimSpace(words.Bytes()))
	}
	if err == nil {
		err = json.Unmarshal(words.Bytes(), &sum)
	}
	return first, sum, err
}

func (r *benchResult) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, l latencies) {
		fmt.Fprintf(t, "%s\tp50 %.2f ms\tp90 %.2f ms\tp99 %.2f ms\n", name, l.P50, l.P90, l.P99)
	}
	camera := ""
	if r.Size != "" {
		camera = r.Size + " camera, "
	}
	fmt.Fprintf(w, "%s, %d threads, %s%d frames, %s\n", r.Model, r.Threads, camera, r.Frames, r.CPU)
	if r.FrameMS.P50 > 0 {
		row("frame", r.FrameMS)
		row("  register", r.RegisterMS)
		row("  preprocess", r.PreprocessMS)
		row("  infer", r.InferMS)
		row("  output", r.OutputMS)
	}
	row("back to back", r.SteadyMS)
	t.Flush()
	fmt.Fprintf(w, "%.1f million multiply-accumulates, %.1f GMAC/s of %.1f measured peak (%.0f %%), which is %.1f a cycle and thread at %.2f GHz\n",
		float64(r.MACs)/1e6, r.GMACs, r.PeakGMACs, 100*r.GMACs/max(r.PeakGMACs, 1e-9), r.PeakGMACs/float64(r.Threads)/max(r.ClockGHz, 1e-9), r.ClockGHz)
	fmt.Fprintf(w, "%.2f allocations per frame, arena %.2f MB", r.AllocsPerFrame, float64(r.ArenaBytes)/1e6)
	if r.Threads > 1 {
		fmt.Fprintf(w, "; sharing a step takes %.2f µs", r.BarrierUS)
	}
	if r.FirstMaskMS > 0 {
		fmt.Fprintf(w, "; edge run: first mask after %.0f ms, at most %.0f MB in memory", r.FirstMaskMS, r.RSSMB)
	}
	fmt.Fprint(w, "\n\n")
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "least ms\tshare\tMMAC\tGMAC/s\tof peak\twith padding\tall\t")
	for _, k := range r.Kinds {
		fmt.Fprintf(t, "%.3f\t%.1f %%\t%.2f\t%.1f\t%.0f %%\t%.0f %%\t%s\t\n", k.MS, 100*k.Share, float64(k.MACs)/1e6, k.GMACs, 100*k.OfPeak,
			100*k.OfDots, k.Kind)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "ms\tshare\tMMAC\tGMAC/s\tof peak\tKB\tGB/s\top\tkernel\tname\t")
	for _, s := range r.Steps {
		fmt.Fprintf(t, "%.3f\t%.1f %%\t%.2f\t%.1f\t%.0f %%\t%.0f\t%.1f\t%s\t%s\t%s\t\n", s.MS, 100*s.Share, float64(s.MACs)/1e6, s.GMACs,
			100*s.GMACs/max(r.PeakGMACs, 1e-9), float64(s.Bytes)/1e3, s.GBs, s.Op, s.Kernel, s.Name)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
