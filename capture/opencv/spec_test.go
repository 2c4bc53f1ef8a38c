package opencv

import (
	"strings"
	"testing"
)

func TestParseSpec(t *testing.T) {
	for text, want := range map[string]struct {
		what   string
		o      Options
		target Target
	}{
		"0":           {"0", Options{}, Device},
		"/dev/video2": {"/dev/video2", Options{}, Device},
		"kind=depth,scale=0.0002,api=images;d_%04d.png":    {"d_%04d.png", Options{Kind: Depth, Scale: 0.0002, API: "images"}, File},
		"width=640,height=480,fps=30,fov=70;1":             {"1", Options{Width: 640, Height: 480, FPS: 30, FOV: 70}, Device},
		"rtsp://a/b;c":                                     {"rtsp://a/b;c", Options{}, Stream},
		"v4l2src ! video/x-raw,width=640 ! appsink drop=1": {"v4l2src ! video/x-raw,width=640 ! appsink drop=1", Options{}, Pipeline},
		"a;b.mkv": {"a;b.mkv", Options{}, File},
	} {
		what, o, err := ParseSpec(text)
		if err != nil || what != want.what || o != want.o || TargetOf(what) != want.target {
			t.Errorf("%q: %q, %+v, %v, target %v", text, what, o, err, TargetOf(what))
		}
	}
	for text, word := range map[string]string{
		"": "names no", "kind=depth;": "names no", "kind=ir;0": "color or depth", "width=3;0": "16 to", "fps=0;0": "0.1 to", "fps=NaN;0": "0.1 to",
		"scale=2;0": "1e-06 to", "api=dshow;0": "any, v4l2", "kind=depth,size=3;0": "unknown option", "kind=depth,x;0": "not key=value",
	} {
		if _, _, err := ParseSpec(text); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: %v, want %q", text, err, word)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, text := range []string{"0", "kind=depth,scale=0.001;d_%04d.png", "rtsp://x;y", "a ! b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		what, o, err := ParseSpec(text)
		if err != nil {
			return
		}
		if what == "" || !strings.HasSuffix(text, what) || o.FPS < 0 || o.Width < 0 {
			t.Fatalf("%q: %q, %+v", text, what, o)
		}
		TargetOf(what)
	})
}
