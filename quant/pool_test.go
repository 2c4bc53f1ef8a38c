package quant

import (
	"bytes"
	"testing"

	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/pool"
)

// Networks that share a pool give what one with threads of its own gives, also while another goroutine has the pool, and
// leave it open.
func TestSharedPool(t *testing.T) {
	m, err := models.Open("tabletop-nano")
	if err != nil {
		t.Fatal(err)
	}
	run := func(n *Network) []byte {
		t.Helper()
		for _, in := range n.Inputs() {
			data := in.Uint8s()
			for i := range data {
				data[i] = byte(i * i >> 8)
			}
		}
		if err := n.Run(); err != nil {
			t.Fatal(err)
		}
		return bytes.Clone(n.Outputs()[0].Uint8s())
	}
	own, err := Parse(m.ONNX, Options{Threads: 1, ClassMap: true})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	want := run(own)
	p := pool.New(3)
	defer p.Close()
	for range 2 {
		n, err := Parse(m.ONNX, Options{Threads: 1, Pool: p, ClassMap: true})
		if err != nil {
			t.Fatal(err)
		}
		if n.Pool() != p || n.Threads() != 3 {
			t.Errorf("the network has %d threads, and not the pool it was given", n.Threads())
		}
		if !bytes.Equal(run(n), want) {
			t.Error("another class map with the pool")
		}
		turn := p.Turn()
		if !bytes.Equal(run(n), want) {
			t.Error("another class map beside the pool")
		}
		turn.End()
		if err := n.Close(); err != nil || n.Pool() != nil {
			t.Errorf("closed: %v", err)
		}
		p.Run(1000, 1, func(_, lo, hi int) {
			if lo == 0 && hi == 1000 {
				t.Error("the pool was closed, or is still the network's")
			}
		})
	}
}
