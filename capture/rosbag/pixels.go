package rosbag

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/depthwise/depthwise/capture"
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
	convert, size := colorFormat(string(m.encoding))
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

// colorFormat returns how a row of an encoding becomes RGB, and its bytes per pixel. The names are those of ROS and, for
// formats that ROS lacks, of librealsense, in either case.
func colorFormat(encoding string) (convert func(dst, src []byte), size int) {
	switch strings.ToLower(encoding) {
	case "rgb8":
		return func(dst, src []byte) { copy(dst, src) }, 3
	case "bgr8":
		return func(dst, src []byte) { pick(dst, src, 3, 2, 1, 0) }, 3
	case "rgba8":
		return func(dst, src []byte) { pick(dst, src, 4, 0, 1, 2) }, 4
	case "bgra8":
		return func(dst, src []byte) { pick(dst, src, 4, 2, 1, 0) }, 4
	case "mono8", "8uc1", "y8":
		return func(dst, src []byte) { pick(dst, src, 1, 0, 0, 0) }, 1
	case "yuyv", "yuy2", "yuv422_yuy2":
		return func(dst, src []byte) { yuv(dst, src, 0, 1, 3) }, 2
	case "uyvy", "yuv422":
		return func(dst, src []byte) { yuv(dst, src, 1, 0, 2) }, 2
	}
	return nil, 0
}

// pick takes the bytes r, g, b of each pixel.
func pick(dst, src []byte, size, r, g, b int) {
	for len(dst) > 0 {
		dst[0], dst[1], dst[2] = src[r], src[g], src[b]
		dst, src = dst[3:], src[size:]
	}
}

// yuv converts two pixels in four bytes, with the first luma at y and the second two behind it, by BT.601 in integers
// (Microsoft, "Recommended 8-Bit YUV Formats for Video Rendering"; librealsense's unpack_yuy2 is the same).
func yuv(dst, src []byte, y, u, v int) {
	for len(dst) >= 6 {
		d, e := int(src[u])-128, int(src[v])-128
		for i := range 2 {
			c := 298*(int(src[y+2*i])-16) + 128
			dst[3*i] = clamp((c + 409*e) >> 8)
			dst[3*i+1] = clamp((c - 100*d - 208*e) >> 8)
			dst[3*i+2] = clamp((c + 516*d) >> 8)
		}
		dst, src = dst[6:], src[4:]
	}
}

func clamp(v int) byte { return byte(max(0, min(255, v))) }

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
