//go:build opencv

package opencv

import (
	"errors"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// TestPipeline: frames of a GStreamer pipeline, where OpenCV and the machine have GStreamer, and the end as a loss.
func TestPipeline(t *testing.T) {
	const pipeline = "videotestsrc num-buffers=10 is-live=true pattern=red ! video/x-raw,format=BGR,width=64,height=48,framerate=50/1 ! appsink"
	s, err := Open(pipeline, Options{})
	if err != nil {
		if !strings.Contains(err.Error(), "cannot open it") {
			t.Fatal(err)
		}
		if exec.Command("gst-inspect-1.0", "videotestsrc").Run() == nil {
			t.Errorf("GStreamer has videotestsrc, but: %v", err)
		}
		t.Skipf("no GStreamer with videotestsrc on this machine: %v", err)
	}
	defer s.Close()
	if !s.Live() || s.Calibration().Color.Width != 64 || s.Calibration().Color.Height != 48 {
		t.Errorf("live %v, %+v", s.Live(), s.Calibration().Color)
	}
	n := 0
	for p := (capture.Pair{}); ; n++ {
		if err = s.Next(t.Context(), &p); err != nil {
			break
		}
		if c := p.Color.Pix; len(c) != 3*64*48 || c[0] < 200 || c[1] > 40 || c[2] > 40 || p.Clock != capture.HostClock {
			t.Fatalf("frame %d begins with %v, clock %q", n, c[:3], p.Clock)
		}
	}
	if stats := s.Stats(); !errors.Is(err, ErrLost) || n < 1 || stats.Read != 10 || stats.Read != stats.Delivered+stats.Overtaken {
		t.Errorf("%d frames, %v, %+v", n, err, stats)
	}
}

// TestDepthPipeline: 16 bits come through a pipeline as they are; 8 bits are no depth.
func TestDepthPipeline(t *testing.T) {
	pipeline := func(format string) string {
		return "videotestsrc num-buffers=6 pattern=gradient ! video/x-raw,format=" + format + ",width=64,height=48,framerate=30/1 ! appsink sync=false"
	}
	s, err := Open(pipeline("GRAY16_LE"), Options{Kind: Depth})
	if err != nil {
		if exec.Command("gst-inspect-1.0", "videotestsrc").Run() == nil || !strings.Contains(err.Error(), "cannot open it") {
			t.Error(err)
		}
		t.Skipf("no GStreamer with videotestsrc on this machine: %v", err)
	}
	defer s.Close()
	var p capture.Pair
	if err := s.Next(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	values := map[uint16]bool{}
	for y := range 48 {
		v := p.Depth.Pix[64*y : 64*(y+1)]
		if v[0] != v[63] || y > 0 && v[0] < p.Depth.Pix[64*(y-1)] {
			t.Fatalf("row %d is from %d to %d", y, v[0], v[63])
		}
		values[v[0]] = true
	}
	if low := p.Depth.Pix[64*20] & 0xff; len(values) < 40 || low == 0 && p.Depth.Pix[64*21]&0xff == 0 {
		t.Errorf("%d values in 48 rows: %d, %d", len(values), p.Depth.Pix[64*20], p.Depth.Pix[64*21])
	}
	if _, err := Open(pipeline("GRAY8"), Options{Kind: Depth}); err == nil || !strings.Contains(err.Error(), "16 bits") {
		t.Errorf("8 bits as depth: %v", err)
	}
}

// TestStreamThatIsNotThere: an address that nobody answers at is an error that names it, and soon.
func TestStreamThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "rtsp://" + l.Addr().String() + "/stream"
	l.Close()
	begin := time.Now()
	if _, err := Open(address, Options{}); err == nil || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "cannot open it") {
		t.Errorf("%v", err)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}
