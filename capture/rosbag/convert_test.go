package rosbag

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/mcap"
	"github.com/depthwise/depthwise/capture/replay"
)

// A bag that is written as a folder or as an MCAP file, and read back, gives the same pairs and the same geometry.
func TestBagToOtherRecordingsAndBack(t *testing.T) {
	c := geometry()
	bags := map[string][]byte{}
	for _, compression := range []string{"none", "lz4"} {
		bags[compression] = recorded{frames: 7, skew: -3 * time.Millisecond}.write(newBag(t, compression), c, painted(c))
	}
	if data, err := os.ReadFile(filepath.Join(dataDir(t), "recordings", "realsense-d435.bag")); err == nil {
		bags["a real camera's"] = data
	}
	type writer interface {
		Write(*capture.Pair) error
		Close() error
	}
	for name, bag := range bags {
		for kind, create := range map[string]func(path string, c capture.Calibration) (writer, error){
			"folder": func(path string, c capture.Calibration) (writer, error) {
				return replay.Create(path, c, replay.WriterOptions{})
			},
			"mcap": func(path string, c capture.Calibration) (writer, error) {
				return mcap.Create(path+".mcap", c, mcap.WriterOptions{})
			},
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				src := mustOpen(t, bag, Options{})
				path := filepath.Join(t.TempDir(), "copy")
				w, err := create(path, src.Calibration())
				if err != nil {
					t.Fatal(err)
				}
				want, err := all(src)
				if err != io.EOF || len(want) == 0 {
					t.Fatalf("%d pairs, %v", len(want), err)
				}
				for _, p := range want {
					if err := w.Write(p); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				var back capture.Source
				if kind == "folder" {
					back, err = replay.Open(path, replay.Options{})
				} else {
					back, err = mcap.Open(path+".mcap", mcap.Options{})
				}
				if err != nil {
					t.Fatal(err)
				}
				defer back.Close()
				if back.Calibration() != src.Calibration() {
					t.Errorf("calibration is\n%+v, want\n%+v", back.Calibration(), src.Calibration())
				}
				var p capture.Pair
				for i, w := range want {
					if err := back.Next(context.Background(), &p); err != nil {
						t.Fatalf("pair %d: %v", i, err)
					}
					if p.Seq != w.Seq || p.ColorTime != w.ColorTime || p.DepthTime != w.DepthTime {
						t.Errorf("pair %d has Seq %d, times %d and %d; want %d, %d and %d", i, p.Seq, p.ColorTime, p.DepthTime, w.Seq, w.ColorTime, w.DepthTime)
					}
					if !bytes.Equal(p.Color.Pix, w.Color.Pix) || !slices.Equal(p.Depth.Pix, w.Depth.Pix) {
						t.Errorf("pair %d: the images differ", i)
					}
				}
				if err := back.Next(context.Background(), &p); err != io.EOF {
					t.Errorf("at the end: %v", err)
				}
			})
		}
	}
}
