//go:build opencv && (!gocv_specific_modules || gocv_calib3d)

package main

import (
	"context"
	"math"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/calibrate"
	"github.com/depthwise/depthwise/capture/opencv"
	"github.com/depthwise/depthwise/capture/pairof"
)

// board measures the geometry from a chessboard.
func (m *measuring) board() error {
	b, err := m.cmd.chessboard()
	if err != nil {
		return err
	}
	open := m.open
	if m.cmd.Infrared != "" {
		open = m.pictures
	}
	again, tick, done := m.opener(2, open)
	defer done()
	o := calibrate.BoardOptions{Initial: m.initial, Lens: m.cmd.Lens, Scale: m.cmd.DepthScale, Infrared: m.cmd.Infrared != "",
		Frames: m.cmd.Frames, Progress: tick}
	r, err := calibrate.EstimateBoard(m.env.ctx, again, b, opencv.Finder{}, o)
	if err != nil {
		return err
	}
	m.file.Calibration = r.Calibration
	m.report.addBoard(r, o.Infrared)
	return nil
}

// pictures pairs the source's colour with the depth camera's picture.
func (m *measuring) pictures() (capture.Source, error) {
	color, err := m.open()
	if err != nil {
		return nil, err
	}
	infrared, err := openSource(m.cmd.Infrared, sourceOptions{labels: "-"})
	if err != nil {
		color.Close()
		return nil, err
	}
	cal := color.Calibration()
	cal.Depth = infrared.Calibration().Color
	if m.initial != nil {
		cal = *m.initial
	}
	src, err := pairof.New(color, asDepth{infrared}, pairof.Options{Calibration: &cal})
	if err != nil {
		color.Close()
		infrared.Close()
		return nil, err
	}
	return src, nil
}

// asDepth is a source whose depth images are its colour images in gray.
type asDepth struct{ capture.Source }

func (g asDepth) Calibration() capture.Calibration {
	cal := g.Source.Calibration()
	cal.Depth = cal.Color
	return cal
}

func (g asDepth) Next(ctx context.Context, dst *capture.Pair) error {
	if err := g.Source.Next(ctx, dst); err != nil {
		return err
	}
	dst.DepthTime = dst.ColorTime
	dst.Depth.Resize(dst.Color.Width, dst.Color.Height)
	for i := range dst.Depth.Pix {
		p := dst.Color.Pix[3*i:][:3]
		dst.Depth.Pix[i] = uint16((77*int(p[0]) + 150*int(p[1]) + 29*int(p[2]) + 128) >> 8)
	}
	return nil
}

// addBoard takes what a board told.
func (rep *calibrateReport) addBoard(r *calibrate.BoardResult, infrared bool) {
	c := r.Calibration
	rep.Board = &boardReport{Rotation: calibrate.RotationVector(c.DepthToColor.Rotation), RotationSigma: r.RotationSigma,
		Translation: c.DepthToColor.Translation, TranslationSigma: r.TranslationSigma, Before: r.Before, After: r.After, Unit: "px",
		Seen: r.Seen, Views: r.Views, LensRMS: r.LensRMS, DepthScale: c.DepthScale, DepthScaleSigma: r.ScaleSigma * c.DepthScale}
	scale(180/math.Pi, &rep.Board.Rotation, &rep.Board.RotationSigma)
	scale(1000, &rep.Board.Translation, &rep.Board.TranslationSigma)
	if !infrared {
		rep.Board.Unit = "mm"
		rep.Board.Before *= 1000
		rep.Board.After *= 1000
	}
}
