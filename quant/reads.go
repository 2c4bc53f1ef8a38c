package quant

import (
	"slices"

	"github.com/depthwise/depthwise/quant/internal/plan"
)

// reads finds, for each step, the earlier steps whose results it reads. A buffer may be part of another's bytes, as the
// operands of a concatenation in place are; whoever reads the whole reads from all that wrote parts.
func reads(steps []*plan.Step) [][]int {
	root := func(b *plan.Buffer) *plan.Buffer {
		for b.Of != nil {
			b = b.Of
		}
		return b
	}
	exact, parts := map[*plan.Buffer]int{}, map[*plan.Buffer][]int{}
	list := make([][]int, len(steps))
	for i, s := range steps {
		for _, in := range s.In {
			if in == nil {
				continue
			}
			from := parts[root(in)]
			if j, ok := exact[in]; ok {
				from = []int{j}
			}
			for _, j := range from {
				if !slices.Contains(list[i], j) {
					list[i] = append(list[i], j)
				}
			}
		}
		for _, out := range s.Out {
			if out == nil {
				continue
			}
			exact[out] = i
			if r := root(out); r == out {
				parts[r] = []int{i}
			} else {
				parts[r] = append(parts[r], i)
			}
		}
	}
	return list
}
