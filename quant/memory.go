package quant

import (
	"sync"

	"github.com/depthwise/depthwise/quant/internal/plan"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Memory is memory for the activations of several networks of which only one runs at a time: as much as the largest
// of them needs, not the sum. Inputs and outputs stay each network's own. The zero value is ready.
//
// Networks are loaded with [Options].Memory, all before the first Run of any: the memory is made then. One that is loaded
// later and does not fit has memory of its own. Networks of a Memory may be loaded at the same time; after that they belong
// to one goroutine at a time.
type Memory struct {
	loading sync.Mutex
	waiting []*plan.Plan
	memory  []byte
	scratch [][]byte
}

// Bytes is the size of the memory; 0 before the first Run.
func (m *Memory) Bytes() int { return len(m.memory) }

func (m *Memory) add(p *plan.Plan) {
	m.loading.Lock()
	defer m.loading.Unlock()
	m.waiting = append(m.waiting, p)
}

// bind gives memory to the networks that have none yet.
func (m *Memory) bind() {
	if len(m.waiting) == 0 {
		return
	}
	bytes, scratch, threads := 0, 0, 0
	for _, p := range m.waiting {
		bytes, scratch, threads = max(bytes, p.Arena.Bytes), max(scratch, p.Scratch), max(threads, p.Pool.Threads())
	}
	if m.memory == nil {
		m.memory = tensor.Aligned(max(bytes, 1))
		m.scratch = make([][]byte, threads)
		for i := range m.scratch {
			m.scratch[i] = tensor.Aligned(scratch)
		}
	}
	for _, p := range m.waiting {
		if memory := m.memory; p.Arena.Bytes <= len(memory) && p.Scratch <= len(m.scratch[0]) && p.Pool.Threads() <= len(m.scratch) {
			p.Bind(memory, m.scratch)
		} else {
			p.Bind(tensor.Aligned(p.Arena.Bytes), p.NewScratch(p.Scratch))
		}
	}
	m.waiting = nil
}
