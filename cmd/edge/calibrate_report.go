package main

import (
	"fmt"
	"math"
	"time"

	"github.com/depthwise/depthwise/capture/calibrate"
)

// calibrateReport is what --json prints. Angles are in degrees, lengths in millimetres, times in milliseconds.
type calibrateReport struct {
	Offset   *offsetReport   `json:"offset,omitempty"`
	Geometry *geometryReport `json:"geometry,omitempty"`
	Board    *boardReport    `json:"board,omitempty"`
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

type boardReport struct {
	Rotation         [3]float64 `json:"rotation_deg"`
	RotationSigma    [3]float64 `json:"rotation_sigma_deg"`
	Translation      [3]float64 `json:"translation_mm"`
	TranslationSigma [3]float64 `json:"translation_sigma_mm"`
	Before           float64    `json:"before"` // RMS, of depth's distance from the board, or of its corners in infrared pictures
	After            float64    `json:"after"`
	Unit             string     `json:"unit"` // of the two: mm or px
	Seen             int        `json:"seen"`
	Views            int        `json:"views"`
	LensRMS          [2]float64 `json:"lens_rms_px"` // colour, depth; 0 if not measured
	DepthScale       float64    `json:"depth_scale"` // metres a unit
	DepthScaleSigma  float64    `json:"depth_scale_sigma"`
}

// add takes what was measured without a board.
func (rep *calibrateReport) add(r *calibrate.Result) {
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	if o := r.Offset; o != nil {
		rep.Offset = &offsetReport{ms(o.Value), ms(o.Sigma), o.Peak, o.Second, o.Pairs}
	}
	if g := r.Geometry; g != nil {
		c := g.Calibration
		rep.Geometry = &geometryReport{Rotation: calibrate.RotationVector(c.DepthToColor.Rotation), RotationSigma: g.RotationSigma,
			Translation: c.DepthToColor.Translation, TranslationSigma: g.TranslationSigma, Focal: c.Color.Fx, FocalSigma: g.FocalSigma * c.Color.Fx,
			ScoreBefore: g.Before, ScoreAfter: g.After, MovedPX: g.Moved, Frames: g.Frames, Points: g.Points}
		scale(180/math.Pi, &rep.Geometry.Rotation, &rep.Geometry.RotationSigma)
		scale(1000, &rep.Geometry.Translation, &rep.Geometry.TranslationSigma)
	}
}

func scale(by float64, vectors ...*[3]float64) {
	for _, v := range vectors {
		for i := range v {
			v[i] *= by
		}
	}
}

// words are the report in lines.
func (r calibrateReport) words() (lines []string) {
	if o := r.Offset; o != nil {
		lines = append(lines, fmt.Sprintf("time: add %.1f ± %.1f ms to depth times (correlation %.2f, next %.2f, %d pairs)", o.MS, o.Sigma,
			o.Correlation, o.Second, o.Pairs))
	}
	three := func(v, s [3]float64, digits int) string {
		text := ""
		for i, axis := range []string{"x", "y", "z"} {
			text += fmt.Sprintf(" %s %.*f ± %.*f", axis, digits, v[i], digits, s[i])
		}
		return text
	}
	if b := r.Board; b != nil {
		what := "depth lies beside the board by"
		if b.Unit == "px" {
			what = "the board's corners lie beside their places by"
		}
		lines = append(lines,
			"board: turned"+three(b.Rotation, b.RotationSigma, 3)+" degrees, shifted"+three(b.Translation, b.TranslationSigma, 2)+" mm",
			fmt.Sprintf("board: %s %.2f %s RMS, before %.2f (%d views of %d that show it)", what, b.After, b.Unit, b.Before, b.Views, b.Seen))
		if b.LensRMS[0] > 0 {
			lines = append(lines, fmt.Sprintf("board: colour's intrinsics leave corners %.2f pixels off (RMS)", b.LensRMS[0]))
		}
		if b.LensRMS[1] > 0 {
			lines = append(lines, fmt.Sprintf("board: depth's intrinsics leave corners %.2f pixels off (RMS)", b.LensRMS[1]))
		}
		if b.DepthScaleSigma > 0 {
			lines = append(lines, fmt.Sprintf("board: depth scale %.7f ± %.7f m", b.DepthScale, b.DepthScaleSigma))
		}
	}
	if g := r.Geometry; g != nil {
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
