package runtime

import "time"

// Checks are the bounds outside of which an image counts as lost. The zero value has the defaults, which suit live
// cameras.
type Checks struct {
	// MinDepth is the share of pixels that must have a reading; below it depth is blind. Default 0.05; negative = no
	// such check.
	MinDepth float64
	// MinLight is the share of pixels of which a channel must reach 16 of 255; below it colour is dark. Default 0.01;
	// negative = no such check.
	MinLight float64
	// MaxSame is the share of pixels that may have one and the same value; above it the image is stuck. Default 0.98;
	// negative = no such check. Readings of 0 are left to MinDepth, dark pixels to MinLight.
	MaxSame float64
	// Repeats is how often an image's bytes may come again before it is frozen: sensors have noise, so that 1 already
	// says much, but some drivers repeat an image to keep their rate. Default 2; negative = no such check.
	Repeats int
	// MaxSkew is how far an image may lie behind the other before it is stale. Default 100 ms; negative = no such check.
	MaxSkew time.Duration
	// Hold is for how many pairs a camera must be fine before it is trusted again. Default 15; negative = none.
	Hold int
}

func (c *Checks) defaults() {
	share := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	share(&c.MinDepth, 0.05)
	share(&c.MinLight, 0.01)
	share(&c.MaxSame, 0.98)
	if c.MaxSame < 0 {
		c.MaxSame = 1
	}
	if c.Repeats == 0 {
		c.Repeats = 2
	}
	if c.MaxSkew == 0 {
		c.MaxSkew = 100 * time.Millisecond
	}
	if c.Hold == 0 {
		c.Hold = 15
	}
}
