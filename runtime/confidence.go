package runtime

import (
	"math"

	"github.com/depthwise/depthwise/quant"
)

// confidence turns margins into confidences and voids what is below a bound.
type confidence struct {
	table [256]uint32 // of a margin, in units of 2^−20
	void  uint8       // the margins below it are too small
	mean  float64
}

const confidenceUnit = 1 << 20

// newConfidence prepares the table. A margin is rounded down, so a pixel is void if its true confidence may be below
// the bound.
func newConfidence(below float64) (c confidence) {
	for m := range c.table {
		c.table[m] = uint32(math.Round(confidenceUnit / (1 + math.Exp(-float64(m)/quant.MarginUnit))))
	}
	for int(c.void) < 255 && float64(c.table[c.void])/confidenceUnit < below {
		c.void++
	}
	return c
}

// weigh measures the mean, and makes classes void where the margin is too small.
func (c *confidence) weigh(classes, margin []uint8, void uint8) {
	sum := uint64(0)
	for i, m := range margin[:len(classes)] {
		sum += uint64(c.table[m])
		if m < c.void {
			classes[i] = void
		}
	}
	c.mean = float64(sum) / confidenceUnit / float64(len(classes))
}
