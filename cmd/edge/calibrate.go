package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/calibrate"
)

type calibrateCmd struct {
	Source       string        `arg:"" help:"A recording in which the rig or the scene moves."`
	Output       string        `short:"o" placeholder:"FILE" help:"The calibration file; stdout if not given."`
	Calibration  string        `placeholder:"FILE" help:"Where to begin; the recording's own calibration if not given."`
	Only         string        `default:"both" enum:"both,time,geometry" help:"Measure the clocks' offset, the geometry, or both."`
	Focal        bool          `help:"Measure the colour camera's focal length too."`
	RotationOnly bool          `help:"Keep the translation: for scenes at one distance."`
	Frames       int           `default:"48" placeholder:"N" help:"Frames that the geometry is measured from."`
	MaxOffset    time.Duration `default:"500ms" placeholder:"TIME" help:"The largest offset to look for."`
	Board        string        `placeholder:"COLSxROWS" help:"Measure the geometry from a chessboard with so many inner corners; needs a build with OpenCV."`
	Square       float64       `placeholder:"MM" help:"Side of the board's squares, millimetres."`
	Lens         bool          `help:"With --board: measure the colour camera's intrinsics too, and with --infrared the depth camera's."`
	DepthScale   bool          `help:"With --board: measure the depth scale too."`
	Infrared     string        `placeholder:"SOURCE" help:"With --board: the depth camera's own picture of it, as a source whose colour it is."`
	JSON         bool          `help:"Print what was measured as JSON on stdout; the calibration needs -o then."`
}

// Help is the text below the flags.
func (*calibrateCmd) Help() string {
	return `
Measures, from a recording, how the depth camera stands to the colour camera, and what to add to depth times to tell them
on the colour camera's clock, and writes calibration.json with both. No board is needed: record things that stand free
before a background, near and far, in all parts of the image, while turning the rig to and fro, fast for the time and with
halts for the geometry; half a minute will do. Every value comes with its standard deviation. A recording that does not tell
what was asked is refused with what it lacks.

With --board the geometry comes from a chessboard that is held still before both cameras in a dozen or more positions,
leaning to all sides: colour sees its corners, depth its plane; with --infrared both see the corners.
` + sourceHelp + `

Examples:

    edge calibrate shaken/ -o calibration.json
    edge calibrate pair:rgb.mcap+depth.bag+calibration=rough.json --calibration rough.json -o rig.json
    edge calibrate kitchen/ --focal --only geometry --json -o kitchen.json
    edge calibrate board/ --board 9x6 --square 25 --lens -o rig.json
`
}

// check tells what does not go together.
func (c *calibrateCmd) check() error {
	switch {
	case c.JSON && c.Output == "":
		return usagef("--json: stdout has the report then: say with -o where the calibration goes")
	case c.Frames < 3 || c.Frames > 1000:
		return usagef("--frames %d: want 3 to 1000", c.Frames)
	case c.MaxOffset <= 0 || c.MaxOffset > time.Minute:
		return usagef("--max-offset %v: want above 0 and a minute at most", c.MaxOffset)
	case c.Board == "" && (c.Square != 0 || c.Lens || c.DepthScale || c.Infrared != ""):
		return usagef("--square, --lens, --depth-scale and --infrared go with --board")
	case c.Board != "" && (c.Focal || c.RotationOnly):
		return usagef("--focal and --rotation-only do not go with --board; --lens measures the focal length")
	case c.Board != "" && c.Only == "time":
		return usagef("--only time: needs no board")
	}
	if c.Board != "" {
		_, err := c.chessboard()
		return err
	}
	return nil
}

// chessboard reads --board and --square.
func (c *calibrateCmd) chessboard() (b calibrate.Board, err error) {
	cols, rows, ok := strings.Cut(c.Board, "x")
	var err2 error
	b.Cols, err = strconv.Atoi(cols)
	b.Rows, err2 = strconv.Atoi(rows)
	if !ok || err != nil || err2 != nil {
		return b, usagef("--board %q: want COLSxROWS, inner corners along and across, such as 9x6", c.Board)
	}
	if c.Square == 0 {
		return b, usagef("--board: say with --square how long a square's side is, in millimetres")
	}
	b.Square = c.Square / 1000
	if err := b.Check(); err != nil {
		return b, usageError{err}
	}
	return b, nil
}

func (c *calibrateCmd) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	begin := time.Now()
	m := measuring{cmd: c, env: e}
	if err := m.begin(); err != nil {
		return err
	}
	if c.Board != "" {
		if err := m.board(); err != nil {
			return err
		}
	}
	if err := m.motion(); err != nil {
		return err
	}
	m.report.Seconds = time.Since(begin).Seconds()
	if err := c.write(e.stdout, m.file); err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", " ")
		return enc.Encode(m.report)
	}
	for _, words := range m.report.words() {
		e.log.Info(words)
	}
	return nil
}

// measuring is a calibration on its way.
type measuring struct {
	cmd     *calibrateCmd
	env     *env
	initial *capture.Calibration // of --calibration; nil without it
	file    capture.CalibrationFile
	report  calibrateReport
	applied *time.Duration // what the source adds to depth times by itself
}

func (m *measuring) begin() (err error) {
	if m.cmd.Calibration == "" {
		return nil
	}
	if m.file, err = capture.LoadCalibrationFile(m.cmd.Calibration); err != nil {
		return usageError{err}
	}
	initial := m.file.Calibration
	m.initial = &initial
	return nil
}

// opener opens the source, the first time with a progress bar over so many passes. Done ends the bar.
func (m *measuring) opener(passes int, open func() (capture.Source, error)) (again func() (capture.Source, error), tick func(int, int), done func()) {
	var bar progress
	begun := false
	again = func() (capture.Source, error) {
		src, err := open()
		if err != nil {
			return nil, err
		}
		if s, ok := src.(interface{ DepthOffset() time.Duration }); ok {
			d := s.DepthOffset()
			m.applied = &d
		}
		if !begun {
			begun = true
			bar = newProgress(m.env, "calibrating", passes*sourceLen(src))
		}
		return src, nil
	}
	return again, func(int, int) { bar.add(1) }, func() { bar.done() }
}

func (m *measuring) open() (capture.Source, error) {
	return openSource(m.cmd.Source, sourceOptions{labels: "-"})
}

// motion measures without a board: the time and the geometry, as far as they are wanted and not known from a board.
func (m *measuring) motion() error {
	c := m.cmd
	board := c.Board != ""
	o := calibrate.Options{Initial: m.initial, SkipTime: c.Only == "geometry", SkipGeometry: board || c.Only == "time", Focal: c.Focal,
		RotationOnly: c.RotationOnly, Frames: c.Frames, MaxOffset: c.MaxOffset}
	if o.SkipTime && o.SkipGeometry {
		m.keepOffset()
		return nil
	}
	passes := 2
	if o.SkipGeometry {
		passes = 1
	}
	open, tick, done := m.opener(passes, m.open)
	defer done()
	o.Progress = tick
	r, err := calibrate.Estimate(m.env.ctx, open, o)
	var refusal *calibrate.Refusal
	if board && errors.As(err, &refusal) { // a board that is held still does not tell the time
		m.env.log.Warn("the time between the clocks is not measured: " + refusal.Error())
		m.keepOffset()
		return nil
	}
	if err != nil {
		return err
	}
	if !board {
		m.file.Calibration = r.Calibration
	}
	m.keepOffset()
	if r.Offset != nil {
		m.file.DepthOffset = r.Offset.Value
		if m.applied != nil {
			m.file.DepthOffset += *m.applied
		}
	}
	m.report.add(r)
	return nil
}

// keepOffset leaves the offset as the source has it, or the file.
func (m *measuring) keepOffset() {
	if m.applied != nil {
		m.file.DepthOffset = *m.applied
	}
}

// write puts the file where --output says: at once and whole, or not at all.
func (c *calibrateCmd) write(stdout io.Writer, file capture.CalibrationFile) error {
	if c.Output == "" {
		return file.Write(stdout)
	}
	tmp, err := os.CreateTemp(filepath.Dir(c.Output), ".calibration-")
	if err != nil {
		return err
	}
	err = file.Write(tmp)
	if e := tmp.Chmod(0o644); err == nil {
		err = e
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), c.Output)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}
