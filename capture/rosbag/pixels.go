package rosbag

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/pixel"
)

// shape checks an image against the calibration and the length of its data, and returns its rows' distance.
func (m *image) shape(in capture.Intrinsics, bytesPerPixel int) (step int, err error) {
	if m.width != uint32(in.Width) || m.height != uint32(in.Height) {
		return 0, fmt.Errorf("the image is %dx%d, camera_info says %dx%d", m.width, m.height, in.Width, in.Height)
	}
	row := uint64(in.Width) * uint64(bytesPerPixel)
	step64 := uint64(m.step)
	if step64 == 0 {
		step64 = row
	}
	if need := step64*uint64(in.Height-1) + row; step64 < row || need > uint64(len(m.data)) {
		return 0, fmt.Errorf("the image's %d bytes, %d a row, are too few for %dx%d as %s", len(m.data), step64, m.width, m.height, m.encoding)
	}
	return int(step64), nil
}

// color converts an image to RGB.
func (m *image) color(dst *capture.Color, in capture.Intrinsics) error {
	convert, size := pixel.RGB(string(m.encoding))
	if convert == nil {
		return fmt.Errorf("the colour encoding %q is not known", m.encoding)
	}
	if size == 2 && in.Width%2 != 0 {
		return fmt.Errorf("the width %d is odd, %s has two pixels in four bytes", in.Width, m.encoding)
	}
	step, err := m.shape(in, size)
	if err != nil {
		return err
	}
	dst.Resize(in.Width, in.Height)
	for y := range in.Height {
		convert(dst.Pix[3*in.Width*y:][:3*in.Width], m.data[step*y:][:size*in.Width])
	}
	return nil
}

// depth reads an image of 16-bit readings.
func (m *image) depth(dst *capture.Depth, in capture.Intrinsics) error {
	switch strings.ToLower(string(m.encoding)) {
	case "mono16", "16uc1", "z16":
	default:
		return fmt.Errorf("the depth encoding %q is not known", m.encoding)
	}
	step, err := m.shape(in, 2)
	if err != nil {
		return err
	}
	dst.Resize(in.Width, in.Height)
	for y := range in.Height {
		out, row := dst.Pix[y*in.Width:][:in.Width], m.data[step*y:][:2*in.Width]
		if m.bigEndian {
			for x := range out {
				out[x] = binary.BigEndian.Uint16(row[2*x:])
			}
			continue
		}
		for x := range out {
			out[x] = binary.LittleEndian.Uint16(row[2*x:])
		}
	}
	return nil
}
