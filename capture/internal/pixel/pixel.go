// Package pixel turns rows of the pixel formats that cameras and recordings have into RGB.
package pixel

import "strings"

// RGB returns how a row of a format becomes RGB8, and the format's bytes per pixel; nil and 0 for a format it does not
// know. The names are those of ROS and, for formats that ROS lacks, of librealsense, in either case. Convert fills all of
// dst, 3 bytes a pixel, from as many pixels of src; formats of 2 bytes have two pixels in four bytes, and want an even
// number of pixels.
func RGB(format string) (convert func(dst, src []byte), size int) {
	switch strings.ToLower(format) {
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
