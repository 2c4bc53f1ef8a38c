package mcap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/depthwise/depthwise/capture"
	"google.golang.org/protobuf/encoding/protowire"
)

// picture is an image message: raw with width, height, encoding and step, or compressed with a format.
type picture struct {
	frame               string
	width, height, step int
	encoding            string // or format
	big                 bool   // big-endian samples
	data                []byte // lies in the message
}

// picture decodes an image message.
func (ch *channel) picture(data []byte) (p picture, err error) {
	raw := ch.kind == rawImage
	if ch.encoding == "protobuf" {
		f := ch.fields
		ok := eachField(data, func(n protowire.Number, v value) {
			switch n {
			case f.frame:
				p.frame = string(v.bytes)
			case f.width:
				p.width = int(uint32(v.number))
			case f.height:
				p.height = int(uint32(v.number))
			case f.step:
				p.step = int(uint32(v.number))
			case f.encoding, f.format:
				p.encoding = string(v.bytes)
			case f.data:
				p.data = v.bytes
			}
		})
		if !ok {
			err = errShort
		}
		return p, err
	}
	in, err := ch.header(data, &p.frame)
	if err != nil {
		return p, err
	}
	if raw {
		p.height, p.width = int(in.u32()), int(in.u32())
		p.encoding = in.text0()
		p.big = in.u8() != 0
		p.step = int(in.u32())
	} else {
		p.encoding = in.text0()
	}
	p.data = in.bytes()
	return p, in.err
}

// header reads std_msgs/Header.
func (ch *channel) header(data []byte, frame *string) (in cursor, err error) {
	if ch.encoding == "cdr" {
		in = cdr(data)
	} else {
		in = cursor{data: data}
		in.u32() // sequence number
	}
	in.u32()
	in.u32()
	*frame = in.text0()
	return in, in.err
}

// text0 is a text that may end with a zero byte, as CDR's do.
func (c *cursor) text0() string {
	b := c.bytes()
	if n := len(b); n > 0 && b[n-1] == 0 {
		b = b[:n-1]
	}
	return string(b)
}

// camera is a calibration message.
type camera struct {
	frame string
	in    capture.Intrinsics
}

// camera decodes a calibration message.
func (ch *channel) camera(data []byte) (c camera, err error) {
	var model string
	var d, k []float64
	if ch.encoding == "protobuf" {
		f := ch.fields
		ok := eachField(data, func(n protowire.Number, v value) {
			switch n {
			case f.frame:
				c.frame = string(v.bytes)
			case f.width:
				c.in.Width = int(uint32(v.number))
			case f.height:
				c.in.Height = int(uint32(v.number))
			case f.model:
				model = string(v.bytes)
			case f.d:
				d = doubles(d, v)
			case f.k:
				k = doubles(k, v)
			}
		})
		if !ok {
			return c, errShort
		}
	} else {
		in, err := ch.header(data, &c.frame)
		if err != nil {
			return c, err
		}
		c.in.Height, c.in.Width = int(in.u32()), int(in.u32())
		model = in.text0()
		for n := in.u32(); n > 0 && in.err == nil; n-- {
			if d = append(d, in.f64()); len(d) > 64 {
				return c, errors.New("more than 64 distortion coefficients")
			}
		}
		for range 9 {
			k = append(k, in.f64())
		}
		if in.err != nil {
			return c, in.err
		}
	}
	if len(k) != 9 {
		return c, fmt.Errorf("camera matrix of %d numbers", len(k))
	}
	c.in.Fx, c.in.Cx, c.in.Fy, c.in.Cy = k[0], k[2], k[4], k[5]
	return c, c.distort(model, d)
}

// distort takes the distortion over. plumb_bob is Brown-Conrady with the coefficients in the same order.
func (c *camera) distort(model string, d []float64) error {
	c.in.Model = capture.NoDistortion
	for i := range d {
		if d[i] != 0 && i >= len(c.in.Coeffs) {
			return fmt.Errorf("distortion model %q with %d coefficients", model, len(d))
		}
		if i < len(c.in.Coeffs) {
			c.in.Coeffs[i] = d[i]
		}
	}
	if c.in.Coeffs == [5]float64{} {
		return nil
	}
	if model != "plumb_bob" && model != "rational_polynomial" { // the latter's first five are the same, the others 0
		return fmt.Errorf("unknown distortion model %q", model)
	}
	c.in.Model = capture.BrownConrady
	return nil
}

// doubles appends a repeated double, packed or not.
func doubles(to []float64, v value) []float64 {
	if v.bytes == nil {
		return append(to, math.Float64frombits(v.number))
	}
	for b := v.bytes; len(b) >= 8 && len(to) < 64; b = b[8:] {
		to = append(to, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return to
}

// placement is a transform message: the child's pose in the parent.
type placement struct {
	parent, child string
	e             capture.Extrinsics
}

// placement decodes foxglove.FrameTransform.
func (ch *channel) placement(data []byte) (p placement, err error) {
	f := ch.fields
	var t, q [4]float64
	ok := eachField(data, func(n protowire.Number, v value) {
		vector := func(to *[4]float64) {
			eachField(v.bytes, func(n protowire.Number, v value) {
				if n >= 1 && n <= 4 {
					to[n-1] = math.Float64frombits(v.number)
				}
			})
		}
		switch n {
		case f.parent:
			p.parent = string(v.bytes)
		case f.child:
			p.child = string(v.bytes)
		case f.translation:
			vector(&t)
		case f.rotation:
			vector(&q)
		}
	})
	if !ok {
		return p, errShort
	}
	p.e = capture.Extrinsics{Rotation: rotation(q), Translation: [3]float64(t[:3])}
	return p, nil
}

// rotation is the matrix of the quaternion x, y, z, w, which need not have length 1; 0 stands for no rotation.
func rotation(q [4]float64) [9]float64 {
	n := math.Hypot(math.Hypot(q[0], q[1]), math.Hypot(q[2], q[3])) // squares of small numbers would lose them
	if n == 0 {
		return capture.Identity.Rotation
	}
	x, y, z, w := q[0]/n, q[1]/n, q[2]/n, q[3]/n
	return [9]float64{
		1 - 2*(y*y+z*z), 2 * (x*y - z*w), 2 * (x*z + y*w),
		2 * (x*y + z*w), 1 - 2*(x*x+z*z), 2 * (y*z - x*w),
		2 * (x*z - y*w), 2 * (y*z + x*w), 1 - 2*(x*x+y*y),
	}
}

// quaternion is the inverse of rotation, by the largest of the four (Shepperd, "Quaternion from Rotation Matrix",
// Journal of Guidance and Control 1(3), 1978).
func quaternion(r [9]float64) [4]float64 {
	t := [4]float64{r[0] - r[4] - r[8], r[4] - r[0] - r[8], r[8] - r[0] - r[4], r[0] + r[4] + r[8]}
	best := 3
	for i := range 3 {
		if t[i] > t[best] {
			best = i
		}
	}
	v := math.Sqrt(max(0, 1+t[best])) / 2
	if v == 0 {
		return [4]float64{0, 0, 0, 1}
	}
	s := 1 / (4 * v)
	a, b, c := (r[7]-r[5])*s, (r[2]-r[6])*s, (r[3]-r[1])*s
	d, e, f := (r[1]+r[3])*s, (r[2]+r[6])*s, (r[5]+r[7])*s
	switch best {
	case 0:
		return [4]float64{v, d, e, a}
	case 1:
		return [4]float64{d, v, f, b}
	case 2:
		return [4]float64{e, f, v, c}
	}
	return [4]float64{a, b, c, v}
}
