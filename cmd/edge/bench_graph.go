package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/depthwise/depthwise/quant"
)

// graph times the model's own graph: what other runtimes time when they are given the same file.
func (c *benchCmd) graph(e *env, counts []int) error {
	file, name, err := modelFile(c.Model)
	if err != nil {
		return err
	}
	shapes, err := parseShapes(c.Input)
	if err != nil {
		return err
	}
	for _, threads := range counts {
		o := quant.Options{Threads: threads, Disable: c.Disable, Shapes: shapes}
		var net *quant.Network
		if _, statErr := os.Stat(c.Model); statErr == nil {
			net, err = quant.Load(c.Model, o) // a file may have its weights beside it
		} else {
			net, err = quant.Parse(file, o)
		}
		if err != nil {
			return fmt.Errorf("model %q: %w", name, err)
		}
		r, err := c.measureGraph(e, net, name, threads)
		net.Close()
		if err == nil {
			err = c.write(e, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *benchCmd) measureGraph(e *env, net *quant.Network, name string, threads int) (*benchResult, error) {
	for _, t := range net.Inputs() {
		fillAny(t)
	}
	peak, err := quant.Peak(threads, c.Disable)
	if err != nil {
		return nil, err
	}
	r := &benchResult{Model: name, Threads: threads, MACs: net.MACs(), ArenaBytes: net.Arena().Bytes, CPU: cpuName(),
		PeakGMACs: peak / 1e9, ClockGHz: quant.Clock() / 1e9, BarrierUS: float64(quant.Barrier(threads)) / 1e3}
	begin := time.Now()
	if err := net.Run(); err != nil {
		return nil, err
	}
	n := c.Frames
	if c.Seconds > 0 { // as many as fit, one being as long as the first
		n = min(n, max(1, int(c.Seconds/max(time.Since(begin).Seconds(), 1e-9))))
	}
	before := allocations()
	if err := r.steady(net, n); err != nil {
		return nil, err
	}
	r.Frames, r.AllocsPerFrame = n, float64((allocations()-before)/uint64(n))
	if e.ctx.Err() != nil {
		return nil, errors.Join(errors.New("bench: ended before its time"), e.ctx.Err())
	}
	r.GMACs = gmacs(r.MACs, time.Duration(1e6*r.SteadyMS.P50))
	return r, r.profile(net, min(n, 100))
}

// fillAny gives an input values of every kind that its type has: bytes all different, reals between 0 and 1. Wider
// integers, which may be places or sizes, stay 0.
func fillAny(t *quant.Tensor) {
	b := t.Bytes()
	switch t.Type {
	case quant.Uint8, quant.Int8:
		for i := range b {
			b[i] = byte(i * 167 >> 3)
		}
	case quant.Float32:
		for i := 0; i+4 <= len(b); i += 4 {
			binary.LittleEndian.PutUint32(b[i:], math.Float32bits(float32(i/4*167>>3&255)/255))
		}
	}
}
