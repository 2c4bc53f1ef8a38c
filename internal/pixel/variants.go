package pixel

import "sync"

// variant is one kernel of the table of its architecture, best first.
type glideVariant struct {
	name string
	ok   func() bool // the CPU has what it needs
	row  func(g *Glide, pix []uint16, lo, hi int, runs []Run, src []uint16) bool
}

// glides are the variants that this CPU can run.
var glides = sync.OnceValue(func() (list []glideVariant) {
	for _, v := range glideTable {
		if v.ok() {
			list = append(list, v)
		}
	}
	return list
})

// glideFor returns the best variant, or nil.
func glideFor() func(g *Glide, pix []uint16, lo, hi int, runs []Run, src []uint16) bool {
	if list := glides(); len(list) > 0 {
		return list[0].row
	}
	return nil
}
