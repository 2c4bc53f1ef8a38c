package main

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"slices"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/cmd/edge/internal/score"
	"github.com/depthwise/depthwise/mask"
)

// galleryFrames is how many best and how many worst frames a page shows.
const galleryFrames = 8

// gallery keeps the frames with the best and the worst mIoU over the classes present.
type gallery struct{ best, worst []shown }

// shown is a frame of the gallery, with copies of its pixels.
type shown struct {
	Source, Name     string
	MIoU             float64
	Classes          []shownClass
	width, height    int
	color            []byte
	labels, predicts []uint8
}

type shownClass struct {
	ID  int
	IoU float64
}

// offer takes a frame if it belongs into the gallery.
func (g *gallery) offer(source, name string, c *score.Confusion, m *mask.Mask, p *capture.Pair) {
	_, present := c.Means()
	low := len(g.worst) < galleryFrames || present < g.worst[len(g.worst)-1].MIoU
	high := len(g.best) < galleryFrames || present > g.best[len(g.best)-1].MIoU
	if !low && !high {
		return
	}
	s := shown{Source: source, Name: name, MIoU: present, width: m.Width, height: m.Height, color: slices.Clone(p.Color.Pix),
		labels: slices.Clone(p.Labels.Pix), predicts: slices.Clone(m.Classes)}
	for id := range len(c.Matrix()) {
		if iou, ok := c.IoU(id); ok {
			s.Classes = append(s.Classes, shownClass{id, iou})
		}
	}
	if low {
		g.worst = keep(g.worst, s, func(a, b float64) bool { return a < b })
	}
	if high {
		g.best = keep(g.best, s, func(a, b float64) bool { return a > b })
	}
}

// keep puts s into a sorted list of bounded length.
func keep(list []shown, s shown, before func(a, b float64) bool) []shown {
	i := slices.IndexFunc(list, func(o shown) bool { return before(s.MIoU, o.MIoU) })
	if i < 0 {
		i = len(list)
	}
	list = slices.Insert(list, i, s)
	return list[:min(len(list), galleryFrames)]
}

// picture is the colour image with classes painted over it, as JPEG in a data URL; nil classes leave it as it is.
func (s *shown) picture(classes []uint8, palette *mask.Palette) (string, error) {
	step := max(1, (s.width+479)/480) // wide enough to judge, small enough to send
	w, h := s.width/step, s.height/step
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			i := y*step*s.width + x*step
			c := color.RGBA{s.color[3*i], s.color[3*i+1], s.color[3*i+2], 255}
			if classes != nil && classes[i] != 0 {
				k := palette.Color(classes[i])
				blend := func(a, b uint8) uint8 { return uint8((int(a)*2 + int(b)*3) / 5) }
				c = color.RGBA{blend(c.R, k.R), blend(c.G, k.G), blend(c.B, k.B), 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		return "", err
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// galleryView is a shown frame made ready for the page.
type galleryView struct {
	Source, Name           string
	MIoU                   float64
	Classes                []string
	Color, Label, Predicts string // data URLs
}

type galleryModel struct {
	*evalResult
	Colors      []string
	Rows        [][]string
	Worst, Best []galleryView
}

// evalPage makes one HTML file with everything in it.
func evalPage(results []*evalResult) ([]byte, error) {
	var page []galleryModel
	for _, r := range results {
		g := galleryModel{evalResult: r}
		for id := range r.Classes {
			g.Colors = append(g.Colors, r.palette.Color(uint8(id)).String())
		}
		for i := range r.Sources {
			g.Rows = append(g.Rows, pageRow(r.Sources[i].Source, &r.Sources[i], r.Classes))
		}
		if len(r.Sources) > 1 {
			g.Rows = append(g.Rows, pageRow("total", &r.Total, r.Classes))
		}
		for _, list := range []struct {
			from []shown
			to   *[]galleryView
		}{{r.gallery.worst, &g.Worst}, {r.gallery.best, &g.Best}} {
			for i := range list.from {
				v, err := list.from[i].view(r)
				if err != nil {
					return nil, err
				}
				*list.to = append(*list.to, v)
			}
		}
		page = append(page, g)
	}
	return printPage(page), nil
}
