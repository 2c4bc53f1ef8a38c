package quant

import (
	"sync"

	"github.com/depthwise/depthwise/quant/internal/plan"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Memory is memory for the activations of several networks of which only one runs at a time: as much as the largest
// of them needs, not the sum. Inputs and outputs stay each network's own. The zero value is ready.
//
// Networks are loaded with [Options].Memory, best before the first Run of any: the memory is made then, for all that there
// are. One that is loaded later and does not fit has memory of its own. Networks of a Memory may be loaded at the same
// time, and while another runs; those that are loaded belong to one goroutine at a time.
type Memory struct {
	mu      sync.Mutex
	waiting []*plan.Plan // loaded before the memory was made
	memory  []byte
	scratch [][]byte
}

// Bytes is the size of the memory; 0 before the first Run.
func (m *Memory) Bytes() int { return len(m.memory) }

func (m *Memory) add(p *plan.Plan) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.memory == nil {
		m.waiting = append(m.waiting, p)
	}
}

// bind gives a network its memory, before its first Run.
func (m *Memory) bind(p *plan.Plan) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.memory == nil {
		bytes, scratch, threads := 0, 0, 0
		for _, p := range m.waiting {
			bytes, scratch, threads = max(bytes, p.Arena.Bytes), max(scratch, p.Scratch), max(threads, p.Pool.Threads())
		}
		m.memory = tensor.Aligned(max(bytes, 1))
		m.scratch = make([][]byte, threads)
		for i := range m.scratch {
			m.scratch[i] = tensor.Aligned(scratch)
		}
		m.waiting = nil
	}
	if p.Arena.Bytes <= len(m.memory) && p.Scratch <= len(m.scratch[0]) && p.Pool.Threads() <= len(m.scratch) {
		p.Bind(m.memory, m.scratch)
	} else {
		p.Bind(tensor.Aligned(p.Arena.Bytes), p.NewScratch(p.Scratch))
	}
}
