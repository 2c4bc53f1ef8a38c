package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/replay"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/runtime"
)

type runCmd struct {
	Source  string  `arg:"" help:"Where frames come from."`
	Model   string  `short:"m" placeholder:"NAME|FILE" help:"A model inside this binary, or an ONNX file; the default one if not given."`
	Format  string  `short:"f" placeholder:"NAME" help:"How masks are written; see below."`
	Output  string  `short:"o" placeholder:"FILE|DIR" help:"Where masks are written; stdout if not given."`
	Size    string  `default:"camera" enum:"camera,model" help:"Masks of the colour image's size, or of the model's own."`
	FPS     float64 `placeholder:"N" help:"Read the source at N frames per second."`
	Loop    bool    `help:"Begin a recording again at its end."`
	Frames  uint64  `short:"n" placeholder:"N" help:"End after N frames."`
	Live    bool    `help:"Work as with a camera: frames come at their times, the newest wins, old ones are dropped."`
	OnError string  `default:"stop" enum:"stop,skip" help:"What a broken frame does: stop or skip."`
	JSON    bool    `help:"Print the summary, on stderr, as JSON."`
	modelFlags
	liveFlags
	gpioFlags
	cpuFlags
}

// Help is the text below the flags.
func (*runCmd) Help() string {
	return `
Reads pairs of colour and depth, registers depth to colour, runs the model, writes a mask per frame. A summary on stderr
accounts for every frame. Ctrl-C, or a reader that leaves, ends it cleanly.
` + sourceHelp + `
` + liveHelp + `

Without --format, masks go as a coloured preview to a terminal, and as ndjson into a pipe: a line per frame with all
that a mask knows. Formats:

` + indent(formatList()) + `

Examples:

    edge run synth:
    edge run recording/ | jq .classes
    edge run recording/ --format pgm > masks.pgm
    edge run recording/ --format y4m-overlay | ffplay -
    edge run recording/ --format png -o masks/
    edge run recording/ --live --fps 30 --model student.onnx
    edge run realsense: --gpio-status GPIO17 --alarm object:0.2@0.25,0.25,0.5,0.5=GPIO27,hold=2s
    edge run realsense: --deadline 33ms --void-below 0.6 -o masks.ndjson --on-full shed
`
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

func (c *runCmd) Run(e *env) error {
	if !(c.FPS == 0 || c.FPS >= 1e-3 && c.FPS <= 1e6) {
		return usagef("--fps %v: want 0.001 to 1000000 frames a second, or 0", c.FPS)
	}
	if err := c.cpuFlags.apply(); err != nil {
		return err
	}
	format, err := chooseFormat(c.Format, c.Output, e.stdout)
	if err != nil {
		return err
	}
	if err := c.liveFlags.check(); err != nil {
		return err
	}
	c.Live = c.Live || c.Deadline > 0
	service, err := newNotifier(os.Getenv)
	if err != nil {
		e.log.Warn("the service manager cannot be told", "because", err)
	}
	defer service.stop()
	src, err := c.supervise(e, c.Source, sourceOptions{onError: replay.OnError(c.OnError), paced: c.Live, fps: c.FPS, loop: c.Loop,
		frames: c.Frames, labels: "-"}, service)
	if err != nil {
		return err
	}
	defer closeSource(e, src)
	if rec, ok := src.(interface{ Start() }); ok { // its first pair is read while the model is loaded
		rec.Start()
	}
	if small := c.Model == "" || slices.Contains(models.List(), c.Model); small {
		spareHeap(400) // the first mask comes sooner without collections; settle has them begin
	}
	students, err := c.openStudents(e)
	if err != nil {
		return err
	}
	defer students.Close()
	out, err := openOutput(e, format, c.Output, mask.Options{Palette: students.main.Metadata().Palette, FPS: c.FPS})
	if err != nil {
		return err
	}
	out.shed(c.OnFull == "shed", e.log)
	if camera, ok := unwrapped(src).(interface{ Notes() []string }); ok {
		for _, words := range camera.Notes() {
			e.log.Warn(words)
		}
	}
	if rec, ok := unwrapped(src).(interface{ Assumed() []string }); ok {
		for _, words := range rec.Assumed() {
			e.log.Debug("assumed " + words)
		}
	}
	board, err := c.gpioFlags.open(src, classNames(students.main.Metadata().Palette))
	if err != nil {
		return err
	}
	defer board.Close() // whatever ends the run, lines fall to their safe levels
	bar := c.bar(e, src)
	p := c.pipeline(src, students, format, out, bar)
	p.Told = func(change runtime.Change) { tellChange(e, service, change) }
	p.Beat = service.frame
	p.Settled = func() { c.settle(e, students, p.Live) }
	board.watch(p)
	sum, err := c.work(e, p, students)
	bar.done()
	if e := board.Close(); err == nil {
		err = e
	}
	if closedPipe(err) {
		err = nil
	}
	switch {
	case errors.Is(err, runtime.ErrUntaken): // Close would wait for the same reader
	case e.ctx.Err() != nil:
		if e := within(closeGrace, "the output", out.Close); err == nil && !closedPipe(e) {
			err = e
		}
	default:
		if e := out.Close(); err == nil && !closedPipe(e) {
			err = e
		}
	}
	c.summarise(e, sum)
	losses(e, src)
	if words := board.words(); words != "" {
		e.log.Info(words)
	}
	src = unwrapped(src)
	if pair, ok := src.(pairOf); ok {
		for _, words := range pair.account() {
			e.log.Info(words)
		}
	}
	if words := realsenseWords(src); words != "" {
		e.log.Info(words)
	}
	// Also of what is in no pair, such as the torn end of a file: nothing is left out unsaid.
	_, problems := troubles(src)
	for _, problem := range problems {
		e.log.Warn(problem)
	}
	var panicked *runtime.PanicError
	if errors.As(err, &panicked) {
		e.log.Debug(string(panicked.Stack))
	}
	return err
}

// closeSource closes a source at the end; one that hangs is left behind.
func closeSource(e *env, src capture.Source) {
	if err := within(closeGrace, "the source", src.Close); err != nil {
		e.log.Warn(err.Error())
	}
}

// bar is the progress on stderr, unless the masks are drawn on the same terminal.
func (c *runCmd) bar(e *env, src capture.Source) progress {
	if isTerminal(e.stdout) && c.Output == "" {
		return progress{}
	}
	total := sourceLen(src)
	if c.Frames > 0 && (total == 0 || c.Frames < uint64(total)) {
		total = int(c.Frames)
	}
	return newProgress(e, "frames", total)
}

func (c *runCmd) pipeline(src capture.Source, s *students, format mask.Format, out *output, bar progress) *runtime.Pipeline {
	live := c.Live || isLive(src)
	return &runtime.Pipeline{
		Source: src, Policy: s.policy, Models: s.policy.Models(), Checks: c.checks(live),
		Emit: func(m *mask.Mask, p *capture.Pair) error {
			var color mask.Image
			if format.Color {
				color = mask.Image{Width: p.Color.Width, Height: p.Color.Height, Pix: p.Color.Pix}
			}
			bar.add(1)
			return out.Encode(m, color)
		},
		Live: live, OnError: runtime.OnError(c.OnError), Frames: c.Frames, ModelSize: c.Size == "model", Pool: s.pool, Spread: true,
		Deadline: c.Deadline, Holes: c.Holes,
	}
}

// work runs the pipeline, watching time and heat where a cheaper student can stand in.
func (c *runCmd) work(e *env, p *runtime.Pipeline, s *students) (*runtime.Summary, error) {
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	switch {
	case c.Deadline > 0 && s.policy.Nano == nil:
		e.log.Debug("there is no nano student: masks past the deadline are dropped")
	case c.MaxTemp > 0 && s.policy.Nano == nil:
		return &runtime.Summary{}, usagef("--max-temp: there is no nano student to stand in; name one with --nano-student")
	}
	heat := &runtime.Heat{Root: c.Sysfs, Limit: c.MaxTemp}
	if c.MaxTemp > 0 {
		if t, ok := heat.Hottest(); ok {
			e.log.Debug("the hottest zone", "celsius", t)
		} else {
			e.log.Warn("no temperature can be read", "in", c.Sysfs)
		}
		go heat.Watch(ctx, time.Second)
	}
	budget := &runtime.Budget{Deadline: c.Deadline}
	if c.Deadline > 0 && s.policy.Nano != nil {
		p.Budget = budget
	}
	s.policy.Pressure = func() runtime.Pressure {
		if h := heat.Pressure(); h != runtime.NoPressure {
			return h
		}
		return budget.Pressure()
	}
	return p.Run(ctx)
}

// runSummary is what --json prints.
type runSummary struct {
	Frames  uint64               `json:"frames"`
	Masks   uint64               `json:"masks"`
	Dropped uint64               `json:"dropped"`
	Drops   map[string]uint64    `json:"drops"`
	Modes   map[mask.Mode]uint64 `json:"modes"`   // masks of each
	Changes uint64               `json:"changes"` // of student or mode
	Seconds float64              `json:"seconds"`
	FPS     float64              `json:"fps"`
	InferMS latencies            `json:"infer_ms"`
	FrameMS latencies            `json:"frame_ms"`
	RSSMB   float64              `json:"rss_mb"` // largest resident memory; 0 where the system does not tell
}

// latencies are percentiles in milliseconds.
type latencies struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
}

func newLatencies(l *runtime.Latency) latencies {
	return latencies{millis(l.Percentile(50)), millis(l.Percentile(90)), millis(l.Percentile(99))}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (c *runCmd) summarise(e *env, s *runtime.Summary) {
	if c.JSON {
		if !e.quiet {
			json.NewEncoder(e.stderr).Encode(runSummary{s.Frames, s.Masks, s.Drops.Total(), s.Drops.Map(), s.Modes, s.Changes, s.Elapsed.Seconds(), s.FPS(),
				newLatencies(&s.Infer), newLatencies(&s.Frame), float64(peakRSS()) / 1e6})
		}
		return
	}
	words := fmt.Sprintf("%d frames, %d masks, %d dropped", s.Frames, s.Masks, s.Drops.Total())
	if drops := s.Drops.Map(); len(drops) > 0 {
		var why []string
		for _, reason := range slices.Sorted(maps.Keys(drops)) {
			why = append(why, fmt.Sprintf("%d %s", drops[reason], reason))
		}
		words += " (" + strings.Join(why, ", ") + ")"
	}
	if s.Changes > 0 {
		words += fmt.Sprintf("; %d paired, %d of colour alone, %d of depth alone", s.Modes[mask.Paired], s.Modes[mask.ColorOnly], s.Modes[mask.DepthOnly])
	}
	e.log.Info(fmt.Sprintf("%s; %.1f fps, frame p50 %.1f ms p99 %.1f ms, infer p50 %.1f ms p99 %.1f ms", words, s.FPS(),
		millis(s.Frame.Percentile(50)), millis(s.Frame.Percentile(99)), millis(s.Infer.Percentile(50)), millis(s.Infer.Percentile(99))))
}

// settle does what the first mask did not need: it spares memory and, for a camera, which will not wait, loads the students
// that stand by. A recording waits for them, if it ever needs one.
func (c *runCmd) settle(e *env, s *students, live bool) {
	if live {
		spareHeap(10) // loading a student leaves several times its size behind
		for _, m := range s.standby {
			if err := m.Load(); err != nil && e.ctx.Err() == nil {
				e.log.Debug("a student does not stand by", "because", err) // the first frame that needs it fails with this
			}
		}
	}
	spareHeap(40)
}

// spareHeap has garbage collected when the heap is so many percent above what is in use, unless GOGC says otherwise: a
// frame allocates nothing but what decoding a recording leaves, so memory is worth more than collections.
func spareHeap(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
