package replay

import (
	"fmt"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
)

// TestConform runs the suite of every Source on each layout, with and without goroutines, paced and looped. The few
// allocations of a pair are those of opening its files; image/jpeg's are many.
func TestConform(t *testing.T) {
	recording, _ := record(t, 9, WriterOptions{Classes: 3}, true)
	folders, tum := map[string]any{}, map[string]any{}
	var rgbList, depthList string
	for i := range 9 {
		name := fmt.Sprintf("%d.png", i)
		folders["color/"+name], folders["depth/"+name] = rgbOf(i), depthOf(i)
		tum["rgb/"+name], tum["depth/"+name] = rgbOf(i), depthOf(i)
		rgbList += fmt.Sprintf("%d.%03d rgb/%s\n", 1305031102+i/30, i%30*33, name)
		depthList += fmt.Sprintf("%d.%03d depth/%s\n", 1305031102+i/30, i%30*33+5, name)
	}
	tum["rgb.txt"], tum["depth.txt"] = rgbList, depthList
	photos := map[string]any{}
	for name, img := range folders {
		if name[:5] == "color" {
			name = name[:len(name)-4] + ".jpg"
		}
		photos[name] = img
	}
	for name, dir := range map[string]string{"recording": recording, "folders": folder(t, folders), "tum": folder(t, tum), "photos": folder(t, photos)} {
		for mode, o := range map[string]Options{
			"ahead":  {Threads: 2},
			"alone":  {Threads: -1},
			"paced":  {FPS: 1000},
			"looped": {Loop: true, Threads: 1, Ahead: 1},
		} {
			t.Run(name+" "+mode, func(t *testing.T) {
				want := capturetest.Options{Pairs: 9, Allocs: 32}
				if o.Loop {
					want.Pairs = 0
				}
				if name == "photos" {
					want.Allocs = -1
				}
				capturetest.Conform(t, func(t testing.TB) capture.Source { return open(t, dir, o) }, want)
			})
		}
	}
}
