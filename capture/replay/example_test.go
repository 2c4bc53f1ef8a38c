package replay_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/replay"
)

// A recording is written, and read back as it was.
func Example() {
	parent, err := os.MkdirTemp("", "replay")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "desk")

	camera := capture.Intrinsics{Width: 4, Height: 3, Fx: 4, Fy: 4, Cx: 1.5, Cy: 1}
	w, err := replay.Create(dir, capture.Calibration{Color: camera, Depth: camera, DepthToColor: capture.Identity, DepthScale: 0.001}, replay.WriterOptions{})
	if err != nil {
		log.Fatal(err)
	}
	var pair capture.Pair
	pair.Color.Resize(4, 3)
	pair.Depth.Resize(4, 3)
	for i := range 3 {
		pair.Seq = uint64(i)
		pair.ColorTime = time.Duration(i) * 33 * time.Millisecond
		pair.DepthTime = pair.ColorTime + time.Millisecond
		pair.Depth.Pix[0] = uint16(1000 + i)
		if err := w.Write(&pair); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	rec, err := replay.Open(dir, replay.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer rec.Close()
	for {
		err := rec.Next(context.Background(), &pair)
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(pair.Seq, pair.ColorTime, pair.Skew(), pair.Depth.Pix[0])
	}
	// Output:
	// 0 0s 1ms 1000
	// 1 33ms 1ms 1001
	// 2 66ms 1ms 1002
}
