package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
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
` + sourceHelp + `

Examples:

    edge calibrate shaken/ -o calibration.json
    edge calibrate pair:rgb.mcap+depth.bag+calibration=rough.json --calibration rough.json -o rig.json
    edge calibrate kitchen/ --focal --only geometry --json -o kitchen.json
`
}

// calibrateReport is what --json prints. Angles are in degrees, lengths in millimetres, times in milliseconds.
type calibrateReport struct {
	Offset   *offsetReport   `json:"offset,omitempty"`
	Geometry *geometryReport `json:"geometry,omitempty"`
	Seconds  float64         `json:"seconds"`
}

type offsetReport struct {
	MS          float64 `json:"ms"`
	Sigma       float64 `json:"sigma_ms"`
	Correlation float64 `json:"correlation"`
	Second      float64 `json:"second_correlation"`
	Pairs       int     `json:"pairs"`
}

type geometryReport struct {
	Rotation         [3]float64 `json:"rotation_deg"` // vector along the axis, as long as the angle
	RotationSigma    [3]float64 `json:"rotation_sigma_deg"`
	Translation      [3]float64 `json:"translation_mm"`
	TranslationSigma [3]float64 `json:"translation_sigma_mm"`
	Focal            float64    `json:"focal_px"`
	FocalSigma       float64    `json:"focal_sigma_px"`
	ScoreBefore      float64    `json:"score_before"`
	ScoreAfter       float64    `json:"score_after"`
	MovedPX          float64    `json:"moved_px"`
	Frames           int        `json:"frames"`
	Points           int        `json:"points"`
}

func newCalibrateReport(r *calibrate.Result, took time.Duration) calibrateReport {
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	rep := calibrateReport{Seconds: took.Seconds()}
	if o := r.Offset; o != nil {
		rep.Offset = &offsetReport{ms(o.Value), ms(o.Sigma), o.Peak, o.Second, o.Pairs}
	}
	if g := r.Geometry; g != nil {
		c := g.Calibration
		rep.Geometry = &geometryReport{Rotation: calibrate.RotationVector(c.DepthToColor.Rotation), RotationSigma: g.RotationSigma,
			Translation: c.DepthToColor.Translation, TranslationSigma: g.TranslationSigma, Focal: c.Color.Fx, FocalSigma: g.FocalSigma * c.Color.Fx,
			ScoreBefore: g.Before, ScoreAfter: g.After, MovedPX: g.Moved, Frames: g.Frames, Points: g.Points}
		for i := range 3 {
			rep.Geometry.Rotation[i] *= 180 / math.Pi
			rep.Geometry.RotationSigma[i] *= 180 / math.Pi
			rep.Geometry.Translation[i] *= 1000
			rep.Geometry.TranslationSigma[i] *= 1000
		}
	}
	return rep
}

func (c *calibrateCmd) Run(e *env) error {
	if c.JSON && c.Output == "" {
		return usagef("--json: stdout has the report then: say with -o where the calibration goes")
	}
	if c.Frames < 3 || c.Frames > 1000 {
		return usagef("--frames %d: want 3 to 1000", c.Frames)
	}
	if c.MaxOffset <= 0 || c.MaxOffset > time.Minute {
		return usagef("--max-offset %v: want above 0 and a minute at most", c.MaxOffset)
	}
	o := calibrate.Options{SkipTime: c.Only == "geometry", SkipGeometry: c.Only == "time", Focal: c.Focal, RotationOnly: c.RotationOnly,
		Frames: c.Frames, MaxOffset: c.MaxOffset}
	if c.Calibration != "" {
		cal, err := capture.LoadCalibration(c.Calibration)
		if err != nil {
			return usageError{err}
		}
		o.Initial = &cal
	}
	begin := time.Now()
	r, err := c.estimate(e, o)
	if err != nil {
		return err
	}
	file := capture.CalibrationFile{Calibration: r.Calibration}
	if r.Offset != nil {
		file.DepthOffset = r.Offset.Value
	}
	if err := c.write(e.stdout, file); err != nil {
		return err
	}
	rep := newCalibrateReport(r, time.Since(begin))
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", " ")
		return enc.Encode(rep)
	}
	for _, words := range rep.words() {
		e.log.Info(words)
	}
	return nil
}

func (c *calibrateCmd) estimate(e *env, o calibrate.Options) (*calibrate.Result, error) {
	passes := 2
	if o.SkipGeometry {
		passes = 1
	}
	var bar progress
	defer func() { bar.done() }()
	begun := false
	o.Progress = func(done, _ int) { bar.add(1) }
	return calibrate.Estimate(e.ctx, func() (capture.Source, error) {
		src, err := openSource(c.Source, sourceOptions{labels: "-"})
		if err != nil {
			return nil, err
		}
		if !begun {
			begun = true
			bar = newProgress(e, "calibrating", passes*sourceLen(src))
		}
		return src, nil
	}, o)
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

// words are the report in lines.
func (r calibrateReport) words() (lines []string) {
	if o := r.Offset; o != nil {
		lines = append(lines, fmt.Sprintf("time: add %.1f ± %.1f ms to depth times (correlation %.2f, next %.2f, %d pairs)", o.MS, o.Sigma,
			o.Correlation, o.Second, o.Pairs))
	}
	if g := r.Geometry; g != nil {
		three := func(v, s [3]float64, digits int) string {
			text := ""
			for i, axis := range []string{"x", "y", "z"} {
				text += fmt.Sprintf(" %s %.*f ± %.*f", axis, digits, v[i], digits, s[i])
			}
			return text
		}
		lines = append(lines,
			"geometry: turned"+three(g.Rotation, g.RotationSigma, 2)+" degrees, shifted"+three(g.Translation, g.TranslationSigma, 1)+" mm",
			fmt.Sprintf("geometry: depth edges moved by %.1f pixels; colour changes on them %.2f times as much as around, before %.2f (%d edges, %d frames)",
				g.MovedPX, g.ScoreAfter, g.ScoreBefore, g.Points, g.Frames))
		if g.FocalSigma > 0 {
			lines = append(lines, fmt.Sprintf("geometry: colour focal length %.1f ± %.1f pixels", g.Focal, g.FocalSigma))
		}
	}
	return lines
}
