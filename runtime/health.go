package runtime

// Trouble says why an image of a pair cannot be used.
type Trouble uint8

const (
	Fine      Trouble = iota
	Unplugged         // the image did not come: its camera is gone or silent
	WrongSize         // it is not of the calibration's size
	Stale             // its time stands still, or lies too far behind the other image's
	Frozen            // its bytes are those of the images before
	Blind             // depth: too few readings
	Dark              // colour: too little light
	Stuck             // one value (nearly) everywhere
	troubles
)

var troubleNames = [troubles]string{"", "unplugged", "wrong size", "stale", "frozen", "blind", "dark", "stuck"}

func (t Trouble) String() string {
	if t < troubles {
		return troubleNames[t]
	}
	return "unknown"
}

// Half is the state of one camera: colour's or depth's half of the pairs.
type Half struct {
	Trouble Trouble // of this image
	// Held is the trouble that the camera came back from. It is not trusted until it has been fine for the hold; Fine
	// when it is trusted.
	Held Trouble
}

// Trusted tells whether the image is fine and the camera not held back.
func (h Half) Trusted() bool { return h.Trouble == Fine && h.Held == Fine }

// loss is the trouble that a half is not trusted for, and 1 if it only is held back after it.
func (h Half) loss() (t Trouble, held int) {
	if h.Trouble == Fine {
		return h.Held, 1
	}
	return h.Trouble, 0
}

// Health is what the checks found out about a pair.
type Health struct{ Color, Depth Half }

// misfit tells whether neither image has its size, and one came.
func (h Health) misfit() bool {
	c, d := h.Color.Trouble, h.Depth.Trouble
	return c == WrongSize && (d == WrongSize || d == Unplugged) || c == Unplugged && d == WrongSize
}
