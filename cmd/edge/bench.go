package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/synth"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/quant"
	"github.com/depthwise/depthwise/runtime"
)

type benchCmd struct {
	Model   string   `short:"m" placeholder:"NAME|FILE" help:"A model inside this binary, or an ONNX file; the default one if not given."`
	Threads string   `short:"t" default:"" placeholder:"N,…" help:"Numbers of threads to measure, such as 1,2; one per CPU if not given."`
	Input   []string `sep:"none" placeholder:"NAME=SHAPE" help:"Shape of an input whose dimensions the graph leaves open: image=1x4x240x320."`
	Frames  int      `short:"n" default:"200" help:"Frames to measure."`
	Seconds float64  `placeholder:"N" help:"End a measurement after N seconds, whatever --frames says."`
	Size    string   `default:"640x480" help:"Size of the camera's images."`
	Start   bool     `negatable:"" default:"true" help:"Measure the cold start and memory of edge run by running it."`
	Graph   bool     `help:"Time the graph alone, as its file has it: its own inputs and outputs, no frames, no class map."`
	JSON    bool     `help:"Print one JSON object a line, one for each number of threads."`
	Disable []string `placeholder:"NAME" help:"CPU features or kernels to leave unused, as edge doctor names them; simd = all."`
	cpuFlags
}

// Help is the text below the flags.
func (*benchCmd) Help() string {
	return `
Times a model on pairs of the synthetic camera, made beforehand. A frame is what edge run does with a pair: registration,
preprocessing, inference, scaling, writing the mask as ndjson. Each step's speed stands beside the limit that this
machine reaches with its dot-product instructions, and so does that of all pointwise, depthwise and dense convolutions
together, from each step's least time. The cold start is from the start of a process to its first byte of mask.

With --graph any model that the engine can load is timed back to back, on inputs of arbitrary values, and its outputs are
what the file says: logits stay logits, in the graph's order.

Examples:

    edge bench
    edge bench --model student.onnx --threads 1,2 --frames 500
    edge bench --model logits.onnx --graph
    edge bench --json | jq .infer_ms.p50
`
}

// benchResult is what --json prints: times in milliseconds.
type benchResult struct {
	Model          string      `json:"model"`
	Threads        int         `json:"threads"`
	Frames         int         `json:"frames"`
	MACs           int64       `json:"macs"`
	InferMS        latencies   `json:"infer_ms"`
	SteadyMS       latencies   `json:"steady_ms"` // of inferences back to back, nothing between them
	LeastMS        float64     `json:"least_ms"`  // the shortest of these
	FrameMS        latencies   `json:"frame_ms"`
	RegisterMS     latencies   `json:"register_ms"`
	PreprocessMS   latencies   `json:"preprocess_ms"`
	OutputMS       latencies   `json:"output_ms"`        // scaling and writing
	GMACs          float64     `json:"gmacs"`            // reached by inference, 10⁹ multiply-accumulates a second
	PeakGMACs      float64     `json:"peak_gmacs"`       // of all threads together
	ClockGHz       float64     `json:"clock_ghz"`        // of one core
	BarrierUS      float64     `json:"barrier_us"`       // what sharing a step between the threads takes; see quant.Barrier
	AllocsPerFrame float64     `json:"allocs_per_frame"` // whole ones, as testing.AllocsPerRun counts
	FirstMaskMS    float64     `json:"first_mask_ms"`    // 0 = not measured
	RSSMB          float64     `json:"rss_mb"`           // peak of edge run; 0 = not measured
	ArenaBytes     int         `json:"arena_bytes"`
	Size           string      `json:"size"`
	CPU            string      `json:"cpu"`
	Kinds          []benchKind `json:"kinds"`
	Steps          []benchStep `json:"steps"`
}

// benchKind sums the steps of one kind, in their least times.
type benchKind struct {
	Kind   string  `json:"kind"` // pointwise, depthwise, dense or rest
	MS     float64 `json:"ms"`
	MACs   int64   `json:"macs"`
	GMACs  float64 `json:"gmacs"`
	OfPeak float64 `json:"of_peak"` // GMACs as a part of PeakGMACs
	OfDots float64 `json:"of_dots"` // the same with the products that kernels form with padding: of their own limit
	Share  float64 `json:"share"`   // of all steps' time, 0 to 1
}

// benchStep is one step of the network.
type benchStep struct {
	Name   string  `json:"name"`
	Op     string  `json:"op"`
	Kernel string  `json:"kernel"`
	Kind   string  `json:"kind,omitempty"`
	Shape  []int   `json:"shape"`
	MACs   int64   `json:"macs"`
	Bytes  int64   `json:"bytes"`
	MS     float64 `json:"ms"` // mean
	MinMS  float64 `json:"min_ms"`
	GMACs  float64 `json:"gmacs"`
	GBs    float64 `json:"gbs"`   // 10⁹ bytes read and written a second
	Share  float64 `json:"share"` // of all steps' time, 0 to 1
}

func (c *benchCmd) Run(e *env) error {
	if err := c.cpuFlags.apply(); err != nil {
		return err
	}
	counts, err := parseThreads(c.Threads)
	if err != nil {
		return err
	}
	if c.Graph {
		return c.graph(e, counts)
	}
	var w, h int
	if n, err := fmt.Sscanf(c.Size, "%dx%d", &w, &h); n != 2 || err != nil {
		return usagef("--size %q: want width x height, such as 640x480", c.Size)
	}
	if c.Frames < 1 {
		return usagef("--frames %d: must be at least 1", c.Frames)
	}
	pairs, cal, err := benchPairs(e.ctx, w, h)
	if err != nil {
		return err
	}
	for _, threads := range counts {
		r, err := c.measure(e, pairs, cal, threads)
		if err != nil {
			return err
		}
		if c.Start {
			if err := c.start(e, r, pairs, cal); err != nil {
				return err
			}
		}
		if err := c.write(e, r); err != nil {
			return err
		}
	}
	return nil
}

func (c *benchCmd) write(e *env, r *benchResult) error {
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	return r.print(e.stdout)
}

func parseThreads(list string) ([]int, error) {
	if list == "" {
		return []int{defaultThreads()}, nil
	}
	var counts []int
	for _, s := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 || n > 1024 {
			return nil, usagef("--threads %q: want numbers from 1 on, such as 1,2", list)
		}
		counts = append(counts, n)
	}
	return counts, nil
}

// benchPairs renders a few pairs of different scenes.
func benchPairs(ctx context.Context, w, h int) ([]*capture.Pair, capture.Calibration, error) {
	camera, err := synth.New(synth.Options{Seed: 1, Width: w, Height: h, Cut: 1, Noise: 1})
	if err != nil {
		return nil, capture.Calibration{}, usageError{err}
	}
	defer camera.Close()
	var pairs []*capture.Pair
	for range 4 {
		p := new(capture.Pair)
		if err := camera.Next(ctx, p); err != nil {
			return nil, capture.Calibration{}, err
		}
		p.Labels.Resize(0, 0)
		pairs = append(pairs, p)
	}
	return pairs, camera.Calibration(), nil
}

// benchFrame does what edge run does with a pair, one part after the other.
type benchFrame struct {
	student      *runtime.Student
	reg          *capture.Registrar
	registered   capture.Depth
	native, mask mask.Mask
	enc          mask.Encoder

	register, preprocess, infer, output, frame runtime.Latency
}

func (b *benchFrame) run(p *capture.Pair) error {
	begin := time.Now()
	pair := capture.Pair{Seq: p.Seq, ColorTime: p.ColorTime, DepthTime: p.DepthTime, Color: p.Color, Depth: p.Depth}
	if b.student.UsesDepth() {
		if err := b.reg.Register(&b.registered, &p.Depth); err != nil {
			return err
		}
		pair.Depth = b.registered
	}
	registered := time.Now()
	if err := b.student.Preprocess(&pair); err != nil {
		return err
	}
	preprocessed := time.Now()
	classes, err := b.student.Infer()
	if err != nil {
		return err
	}
	inferred := time.Now()
	b.native.Width, b.native.Height = b.student.Size()
	b.native.Classes = classes
	b.native.Seq, b.native.Time, b.native.Skew = pair.Seq, pair.ColorTime, pair.Skew()
	b.native.SpreadTo(&b.mask, p.Color.Width, p.Color.Height)
	if b.student.UsesDepth() {
		runtime.Holes(&b.mask, &pair.Depth, false)
	}
	if err := b.enc.Encode(&b.mask, mask.Image{}); err != nil {
		return err
	}
	end := time.Now()
	b.register.Add(registered.Sub(begin))
	b.preprocess.Add(preprocessed.Sub(registered))
	b.infer.Add(inferred.Sub(preprocessed))
	b.output.Add(end.Sub(inferred))
	b.frame.Add(end.Sub(begin))
	return nil
}

// measure times frames, then steps.
func (c *benchCmd) measure(e *env, pairs []*capture.Pair, cal capture.Calibration, threads int) (*benchResult, error) {
	flags := modelFlags{Threads: threads, Disable: c.Disable, Input: c.Input}
	student, err := flags.open(c.Model)
	if err != nil {
		return nil, err
	}
	defer student.Close()
	reg, err := capture.NewRegistrar(cal, student.Pool())
	if err != nil {
		return nil, err
	}
	if err := student.Prepare(reg.Calibration()); err != nil {
		return nil, err
	}
	enc, err := mask.NewEncoder(io.Discard, "ndjson", mask.Options{Palette: student.Metadata().Palette})
	if err != nil {
		return nil, err
	}
	b := &benchFrame{student: student, reg: reg, enc: enc}
	for i := range 2 * len(pairs) { // buffers have grown, caches and branch predictors are warm
		if err := b.run(pairs[i%len(pairs)]); err != nil {
			return nil, err
		}
	}
	b.register, b.preprocess, b.infer, b.output, b.frame = runtime.Latency{}, runtime.Latency{}, runtime.Latency{}, runtime.Latency{}, runtime.Latency{}
	bar := newProgress(e, fmt.Sprintf("%d threads", threads), c.Frames)
	before := allocations()
	begin, n := time.Now(), 0
	for ; n < c.Frames && e.ctx.Err() == nil && (c.Seconds <= 0 || time.Since(begin).Seconds() < c.Seconds); n++ {
		if err := b.run(pairs[n%len(pairs)]); err != nil {
			return nil, err
		}
	}
	allocs := allocations() - before
	bar.add(n)
	bar.done()
	if n == 0 || e.ctx.Err() != nil {
		return nil, errors.Join(errors.New("bench: ended before its time"), e.ctx.Err())
	}
	net := student.Network()
	peak, err := quant.Peak(threads, c.Disable)
	if err != nil {
		return nil, err
	}
	r := &benchResult{Model: student.Name(), Threads: threads, Frames: n, MACs: net.MACs(), InferMS: newLatencies(&b.infer),
		FrameMS: newLatencies(&b.frame), RegisterMS: newLatencies(&b.register), PreprocessMS: newLatencies(&b.preprocess),
		OutputMS: newLatencies(&b.output), AllocsPerFrame: float64(allocs / uint64(n)), ArenaBytes: net.Arena().Bytes,
		Size: c.Size, CPU: cpuName(), PeakGMACs: peak / 1e9, ClockGHz: quant.Clock() / 1e9,
		BarrierUS: float64(quant.Barrier(threads)) / 1e3}
	r.GMACs = gmacs(r.MACs, b.infer.Percentile(50))
	if err := r.steady(net, min(n, 200)); err != nil {
		return nil, err
	}
	return r, r.profile(net, min(n, 100))
}

// steady times inferences back to back, the caches all theirs: what benchmarks of inference engines measure.
func (r *benchResult) steady(net *quant.Network, runs int) error {
	var times runtime.Latency
	least := time.Duration(math.MaxInt64)
	for i := range runs + 2 {
		begin := time.Now()
		if err := net.Run(); err != nil {
			return err
		}
		if i >= 2 { // the frames' work has left the caches
			took := time.Since(begin)
			times.Add(took)
			least = min(least, took)
		}
	}
	r.SteadyMS, r.LeastMS = newLatencies(&times), float64(least)/1e6
	return nil
}

func gmacs(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / float64(d)
}

// profile times the network's steps over some runs.
func (r *benchResult) profile(net *quant.Network, runs int) error {
	net.Profile(true)
	defer net.Profile(false)
	for range runs {
		if err := net.Run(); err != nil {
			return err
		}
	}
	var all time.Duration
	steps := net.Steps()
	for _, s := range steps {
		all += s.Time
	}
	for _, s := range steps {
		r.Steps = append(r.Steps, benchStep{Name: s.Name, Op: s.Op, Kernel: s.Kernel, Kind: s.Kind, Shape: s.Shape, MACs: s.MACs, Bytes: s.Bytes,
			MS: float64(s.Time) / 1e6, MinMS: float64(s.Least) / 1e6, GMACs: gmacs(s.MACs, s.Time), GBs: gmacs(s.Bytes, s.Time),
			Share: float64(s.Time) / float64(max(all, 1))})
	}
	r.Kinds = sumKinds(steps, r.PeakGMACs)
	return nil
}

// sumKinds adds up the steps' least times, when nothing else ran, by the kind of their convolution.
func sumKinds(steps []quant.Step, peak float64) []benchKind {
	kinds := []benchKind{{Kind: "pointwise"}, {Kind: "depthwise"}, {Kind: "dense"}, {Kind: "rest"}}
	var times [4]time.Duration
	var dots [4]int64
	var all time.Duration
	for _, s := range steps {
		k := slices.IndexFunc(kinds[:3], func(k benchKind) bool { return k.Kind == s.Kind })
		if k < 0 {
			k = 3
		}
		kinds[k].MACs += s.MACs
		dots[k] += max(s.MACs, s.Dots)
		times[k] += s.Least
		all += s.Least
	}
	for i := range kinds {
		k := &kinds[i]
		k.MS, k.GMACs = float64(times[i])/1e6, gmacs(k.MACs, times[i])
		k.Share = float64(times[i]) / float64(max(all, 1))
		if peak > 0 {
			k.OfPeak, k.OfDots = k.GMACs/peak, gmacs(dots[i], times[i])/peak
		}
	}
	return kinds
}
