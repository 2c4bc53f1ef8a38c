package runtime

// The samples are every step-th pixel: odd, so that they do not stay in a few columns. 4,096 of them know a share of 5 %
// to a third of a percent.
const samples = 4096

func step(n int) int { return n/samples | 1 }

// lightLevel is what a channel must reach for a pixel to count as lit: above a sensor's black level and its noise.
const lightLevel = 16

// sampleColor returns the share of pixels that are lit, and the share of the commonest lit value.
func sampleColor(pix []byte) (lit, same float64) {
	n := len(pix) / 3
	if n == 0 {
		return 0, 0
	}
	at := func(i int) (v uint32, ok bool) {
		r, g, b := pix[3*i], pix[3*i+1], pix[3*i+2]
		return uint32(r)<<16 | uint32(g)<<8 | uint32(b), max(r, g, b) >= lightLevel
	}
	return commonest(n, at)
}

// sampleDepth returns the share of pixels that have a reading, and the share of the commonest reading.
func sampleDepth(pix []uint16) (readings, same float64) {
	return commonest(len(pix), func(i int) (uint32, bool) { return uint32(pix[i]), pix[i] != 0 })
}

// commonest samples n values, of which some count, and returns the share of those that count, and among these the share
// of the value that has more than half of them; 0 where none has. (Boyer and Moore, MJRTY, 1981.)
func commonest(n int, at func(i int) (v uint32, ok bool)) (counted, same float64) {
	s := step(n)
	var value uint32
	votes, taken, total := 0, 0, 0
	for i := 0; i < n; i += s {
		total++
		v, ok := at(i)
		switch {
		case !ok:
			continue
		case votes == 0:
			value, votes = v, 1
		case v == value:
			votes++
		default:
			votes--
		}
		taken++
	}
	if taken == 0 {
		return 0, 0
	}
	if votes > 0 {
		hits := 0
		for i := 0; i < n; i += s {
			if v, ok := at(i); ok && v == value {
				hits++
			}
		}
		if 2*hits > taken {
			same = float64(hits) / float64(taken)
		}
	}
	return float64(taken) / float64(total), same
}
