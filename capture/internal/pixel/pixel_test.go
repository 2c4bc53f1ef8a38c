package pixel

import (
	"bytes"
	"testing"
)

func TestRGB(t *testing.T) {
	for format, test := range map[string]struct {
		src, want []byte
	}{
		"rgb8":  {[]byte{1, 2, 3, 4, 5, 6}, []byte{1, 2, 3, 4, 5, 6}},
		"BGR8":  {[]byte{1, 2, 3, 4, 5, 6}, []byte{3, 2, 1, 6, 5, 4}},
		"rgba8": {[]byte{1, 2, 3, 9, 4, 5, 6, 9}, []byte{1, 2, 3, 4, 5, 6}},
		"bgra8": {[]byte{1, 2, 3, 9, 4, 5, 6, 9}, []byte{3, 2, 1, 6, 5, 4}},
		"mono8": {[]byte{7, 200}, []byte{7, 7, 7, 200, 200, 200}},
		// Black, white, and the primaries of BT.601 as the standard's own numbers give them: Y 81, Cb 90, Cr 240 is red.
		"yuyv": {[]byte{16, 128, 235, 128, 81, 90, 81, 240}, []byte{0, 0, 0, 255, 255, 255, 255, 0, 0, 255, 0, 0}},
		"UYVY": {[]byte{240, 41, 110, 41, 54, 145, 34, 145}, []byte{0, 0, 255, 0, 0, 255, 0, 255, 1, 0, 255, 1}},
	} {
		convert, size := RGB(format)
		if convert == nil || len(test.src)*3 != len(test.want)*size {
			t.Errorf("%s: %d bytes a pixel", format, size)
			continue
		}
		dst := append(bytes.Repeat([]byte{0xa5}, len(test.want)), 0x5a)
		if convert(dst[:len(test.want)], test.src); !bytes.Equal(dst[:len(test.want)], test.want) || dst[len(test.want)] != 0x5a {
			t.Errorf("%s gives %v, want %v", format, dst[:len(test.want)], test.want)
		}
	}
	if convert, size := RGB("mjpeg"); convert != nil || size != 0 {
		t.Error("a format that is not known has a conversion")
	}
}
