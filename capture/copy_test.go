package capture_test

import (
	"reflect"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// TestCopyFrom copies whole pairs and half pairs, larger and smaller ones, into one pair: all that there is, in its own memory.
func TestCopyFrom(t *testing.T) {
	pairs := []capture.Pair{
		{Seq: 3, ColorTime: 4, DepthTime: 5, Clock: capture.HostClock,
			Color:  capture.Color{Width: 2, Height: 1, Pix: []byte{1, 2, 3, 4, 5, 6}},
			Depth:  capture.Depth{Width: 1, Height: 2, Pix: []uint16{7, 8}},
			Labels: capture.Labels{Width: 2, Height: 1, Pix: []uint8{9, 10}}},
		{Seq: 4, Color: capture.Color{Width: 1, Height: 1, Pix: []byte{11, 12, 13}}, Depth: capture.Depth{Pix: []uint16{}}, Labels: capture.Labels{Pix: []uint8{}}},
	}
	var p capture.Pair
	for i := range pairs {
		src := &pairs[i]
		p.CopyFrom(src)
		if !reflect.DeepEqual(p, *src) {
			t.Errorf("copied %+v, want %+v", p, *src)
		}
		before := src.Color.Pix[0]
		if p.Color.Pix[0]++; src.Color.Pix[0] != before {
			t.Error("the copy shares the memory of what it was copied from")
		}
	}
	if n := testing.AllocsPerRun(10, func() { p.CopyFrom(&pairs[0]) }); n != 0 {
		t.Errorf("%v allocations where there is memory", n)
	}
}
