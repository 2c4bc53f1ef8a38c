package runtime

import (
	"fmt"
	"math"
)

// DepthEncoding says how a reading in metres becomes a byte. It travels in the student's metadata as
// depthwise.depth, so training and runtime cannot disagree.
type DepthEncoding struct {
	Kind string  `json:"kind"` // "inverse": steps of equal disparity; "linear": steps of equal distance
	Near float64 `json:"near"` // metres: readings at Near and closer become 255
	Far  float64 `json:"far"`  // metres: readings at Far and beyond become 1
}

func (e DepthEncoding) check() error {
	switch {
	case e.Kind != "inverse" && e.Kind != "linear":
		return fmt.Errorf("runtime: depth encoding: kind %q is neither inverse nor linear", e.Kind)
	case !(e.Near > 0) || !(e.Far > e.Near) || math.IsInf(e.Far, 0):
		return fmt.Errorf("runtime: depth encoding: near %v m and far %v m are not 0 < near < far", e.Near, e.Far)
	}
	return nil
}

// DepthTable maps each 16-bit reading to its byte: 0 for no reading, else 1 (far) to 255 (near).
type DepthTable [1 << 16]uint8

// NewDepthTable computes the table of e for readings in units of scale metres. Each float64 product is rounded by
// itself, never fused into an addition, so that every CPU and NumPy get the same table.
func NewDepthTable(e DepthEncoding, scale float64) (*DepthTable, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	if !(scale > 0) || math.IsInf(scale, 0) {
		return nil, fmt.Errorf("runtime: depth encoding: depth scale %v m is not a positive number", scale)
	}
	table := new(DepthTable)
	invFar := 1 / e.Far
	invSpan := 1/e.Near - invFar
	span := e.Far - e.Near
	for r := 1; r < len(table); r++ {
		z := float64(float64(r) * scale)
		var t float64
		if e.Kind == "inverse" {
			t = (1/z - invFar) / invSpan
		} else {
			t = (e.Far - z) / span
		}
		t = min(max(t, 0), 1)
		table[r] = uint8(1 + math.RoundToEven(float64(254*t)))
	}
	return table, nil
}
