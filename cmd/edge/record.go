package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/mcap"
	"github.com/depthwise/depthwise/capture/replay"
	"github.com/depthwise/depthwise/pool"
)

type recordCmd struct {
	Source   string `arg:"" help:"Where frames come from."`
	Output   string `short:"o" required:"" placeholder:"DIR|FILE.mcap" help:"The recording: a folder that is new or empty, or a new MCAP file."`
	Frames   uint64 `short:"n" placeholder:"N" help:"End after N pairs."`
	Labels   bool   `help:"Keep the source's labels, one 8-bit PNG each."`
	Classes  int    `placeholder:"N" help:"Number of label classes: their folder is label<N>."`
	Register bool   `help:"Store depth registered to the colour image."`
	Append   bool   `help:"Go on with a recording that is already there."`
	OnError  string `default:"stop" enum:"stop,skip" help:"What a broken pair does: stop or skip."`
	Threads  int    `placeholder:"N" help:"Goroutines that compress; one per CPU if not given."`
	OnFull   string `default:"stop" enum:"stop,shed" help:"What a full disk does: stop, or shed pairs until there is room."`
	OnSlow   string `default:"wait" enum:"wait,shed" help:"What a disk that is slower than the source does: wait for it, or shed pairs."`
	JSON     bool   `help:"Print the summary as JSON on stdout."`
}

// Help is the text below the flags.
func (*recordCmd) Help() string {
	return `
Writes pairs with their times and the calibration, into a folder in the TUM RGB-D layout, or into an MCAP file, which
Foxglove shows. What is written replays byte for byte, and stays whole when the command is interrupted.
` + sourceHelp + `

Examples:

    edge record synth:seed=7 -o tables --frames 500 --labels
    edge record synth:seed=7,scene=room -o rooms --frames 500 --labels --register
    edge record kitchen/ -o registered --register
    edge record tables/ -o tables.mcap --labels
`
}

// recordSummary is what --json prints.
type recordSummary struct {
	Folder  string  `json:"folder"`
	Pairs   int     `json:"pairs"`
	Skipped uint64  `json:"skipped"`
	Shed    *shed   `json:"shed,omitempty"`
	Halves  int     `json:"halves,omitempty"` // pairs of one image, which a recording does not take
	Seconds float64 `json:"seconds"`
}

// shed are pairs that were left out because the disk was full, or slower than the source.
type shed struct {
	Full int `json:"full"`
	Slow int `json:"slow"`
	// NoEnd: there was no room for the summary of an MCAP file either.
	NoEnd bool `json:"no_end,omitempty"`
}

func (c *recordCmd) Run(e *env) error {
	labels := "-"
	if c.Labels {
		labels = ""
	}
	src, err := openSource(c.Source, sourceOptions{onError: replay.OnError(c.OnError), labels: labels})
	if err != nil {
		return err
	}
	defer closeSource(e, src)
	begin := time.Now()
	sum := recordSummary{Folder: c.Output}
	if err := c.copy(e, src, &sum); err != nil {
		e.log.Info("the recording ends early", "pairs", sum.Pairs, "folder", c.Output)
		return err
	}
	sum.Seconds = time.Since(begin).Seconds()
	skipped, problems := troubles(src)
	sum.Skipped = skipped
	if sum.Shed != nil {
		problems = append(problems, fmt.Sprintf("shed: %d pairs found no room on the disk, %d came faster than it writes", sum.Shed.Full, sum.Shed.Slow))
		if sum.Shed.NoEnd {
			problems = append(problems, "the file ends without its summary, for which there was no room: it replays, but readers go through all of it first")
		}
	}
	if sum.Halves > 0 {
		problems = append(problems, fmt.Sprintf("%d pairs had one image only, and are left out", sum.Halves))
	}
	if pair, ok := src.(pairOf); ok {
		problems = append(problems, pair.account()...)
	}
	for _, problem := range problems {
		e.log.Warn(problem)
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(sum)
	}
	e.log.Info("recorded", "pairs", sum.Pairs, "skipped", sum.Skipped, "folder", c.Output, "seconds", fmt.Sprintf("%.1f", sum.Seconds))
	return nil
}

// copy writes src's pairs, and closes the recording whatever happens. The end of e.ctx is not an error.
func (c *recordCmd) copy(e *env, src capture.Source, sum *recordSummary) (err error) {
	cal := src.Calibration()
	var reg *capture.Registrar
	if c.Register && !cal.Registered() {
		workers := pool.New(0)
		defer workers.Close()
		if reg, err = capture.NewRegistrar(cal, workers); err != nil {
			return err
		}
		cal = reg.Calibration()
	}
	w, err := c.create(src, cal)
	if err != nil {
		return err
	}
	defer func() {
		if e := w.Close(); err == nil || e != nil && e.Error() != err.Error() { // which tells again why it could not write
			err = errors.Join(err, e)
		}
		var n shed
		switch w := w.(type) {
		case *replay.Writer:
			n.Full, n.Slow = w.Shed().Full, w.Shed().Slow
		case *mcap.Writer:
			s := w.Shed()
			n.Full, n.Slow, n.NoEnd = s.Full, s.Slow, s.NoEnd
		}
		if n != (shed{}) {
			sum.Shed = &n
			sum.Pairs -= n.Full + n.Slow
		}
	}()
	total := sourceLen(src)
	if c.Frames > 0 && (total == 0 || c.Frames < uint64(total)) {
		total = int(c.Frames)
	}
	bar := newProgress(e, "recording", total)
	defer bar.done()
	var pair capture.Pair
	var registered capture.Depth
	for n := uint64(0); c.Frames == 0 || n < c.Frames; n++ {
		if err := src.Next(e.ctx, &pair); err == io.EOF || e.ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		if !pair.HasColor() || !pair.HasDepth() {
			sum.Halves++
			continue
		}
		if !c.Labels {
			pair.Labels.Resize(0, 0)
		}
		if reg != nil {
			if err := reg.Register(&registered, &pair.Depth); err != nil {
				return err
			}
			pair.Depth, registered = registered, pair.Depth
		}
		if err := w.Write(&pair); err != nil {
			return err
		}
		sum.Pairs++
		bar.add(1)
	}
	return nil
}

// recorder is what writes pairs.
type recorder interface {
	Write(*capture.Pair) error
	Close() error
}

// create begins the recording that --output names.
func (c *recordCmd) create(src capture.Source, cal capture.Calibration) (recorder, error) {
	if isMCAP(c.Output) {
		if c.Append {
			return nil, usagef("--append: not into an MCAP file")
		}
		return mcap.Create(c.Output, cal, mcap.WriterOptions{ShedFull: c.OnFull == "shed", ShedSlow: c.OnSlow == "shed"})
	}
	classes := c.Classes
	if classes == 0 && !recorded(src) {
		classes = synthClasses
		if s, ok := src.(interface{ Classes() int }); ok {
			classes = s.Classes()
		}
	}
	return replay.Create(c.Output, cal, replay.WriterOptions{Append: c.Append, Classes: classes, Threads: c.Threads,
		ShedFull: c.OnFull == "shed", ShedSlow: c.OnSlow == "shed"})
}

// synthClasses is the number of classes of the synthetic camera's labels: background, table, object.
const synthClasses = 3
