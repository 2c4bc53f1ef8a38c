package pixel

import "sync"

// variant is one kernel of the table of its architecture, best first.
type glideVariant struct {
	name  string
	ok    func() bool // the CPU has what it needs
	lanes int         // a run's length is a multiple of it
	row   func(g *Glide, pix []uint16, lo, hi int, runs []Run, src []uint16) bool
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

// glideFor returns the best variant for runs of a length, or nil.
func glideFor(length int) func(g *Glide, pix []uint16, lo, hi int, runs []Run, src []uint16) bool {
	for _, v := range glides() {
		if length%v.lanes == 0 {
			return v.row
		}
	}
	return nil
}
