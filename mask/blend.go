package mask

// blender paints classes over a colour image.
type blender struct {
	color   [256]RGB
	weight  [256]int // of the class colour, in 1/256
	outline [256]bool
	rgb     []byte
	row     []uint8 // classes of a row at the image's width
	above   []uint8
	columns samples
}

func newBlender(o Options) *blender {
	b := &blender{}
	for i := range b.color {
		b.color[i] = o.Palette.Color(uint8(i))
		if o.Palette.painted(uint8(i)) {
			b.weight[i], b.outline[i] = int(o.Alpha*256+0.5), true
		}
	}
	return b
}

// paint returns the picture, valid until the next call, and its size: the image's, or the mask's when there is no
// image. A pixel whose left or upper neighbour has another class takes the full class colour, which draws an outline.
func (b *blender) paint(m *Mask, im Image) (rgb []byte, w, h int) {
	w, h = im.Width, im.Height
	if im.none() {
		w, h = m.Width, m.Height
	}
	b.rgb = extend(b.rgb[:0], 3*w*h)
	b.row, b.above = extend(b.row[:0], w), extend(b.above[:0], w)
	b.columns.prepare(m.Width, m.Width, w)
	for y := range h {
		b.row, b.above = b.above, b.row
		sy := nearest(y, m.Height, h)
		b.columns.scale(b.row, m.Classes[sy*m.Width:(sy+1)*m.Width])
		if y == 0 {
			copy(b.above, b.row)
		}
		dst := b.rgb[3*y*w : 3*(y+1)*w]
		if im.none() {
			b.flat(dst)
		} else {
			b.over(dst, im.Pix[3*y*w:3*(y+1)*w])
		}
	}
	return b.rgb, w, h
}

// flat paints plain class colours.
func (b *blender) flat(dst []byte) {
	for x, c := range b.row {
		k := b.color[c]
		dst[3*x], dst[3*x+1], dst[3*x+2] = k.R, k.G, k.B
	}
}

func (b *blender) over(dst, src []byte) {
	left := b.row[0]
	for x := 0; x < len(b.row); x++ {
		c := b.row[x]
		k, a := b.color[c], b.weight[c]
		if a == 0 && !b.outline[c] { // a run of it stays the image
			end := x + 1
			for end < len(b.row) && b.row[end] == c {
				end++
			}
			copy(dst[3*x:3*end], src[3*x:3*end])
			left, x = c, end-1
			continue
		}
		if b.outline[c] && (left != c || b.above[x] != c) {
			a = 256
		}
		left = c
		dst[3*x] = mix(src[3*x], k.R, a)
		dst[3*x+1] = mix(src[3*x+1], k.G, a)
		dst[3*x+2] = mix(src[3*x+2], k.B, a)
	}
}

// mix goes a/256 of the way from p to q, rounded.
func mix(p, q uint8, a int) uint8 { return uint8((int(p)*(256-a) + int(q)*a + 128) >> 8) }
