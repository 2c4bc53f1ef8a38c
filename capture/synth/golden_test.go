package synth

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

var update = flag.Bool("update", false, "rewrite the golden hashes")

const goldenFile = "testdata/golden.txt"

var goldenArgs = []string{
	"seed=1,width=96,height=72,cut=1,frames=12",
	"seed=2,width=64,height=48,scene=room,frames=2",
	"seed=3,width=64,height=48,scene=tabletop,noise=2,cut=1,frames=8",
	"seed=4,width=64,height=48,scene=corridor,noise=0,frames=2",
	"seed=5,width=50,height=38,scene=empty,cut=1,frames=3",
}

func digest(p *capture.Pair) string {
	h := sha256.New()
	h.Write(p.Color.Pix)
	binary.Write(h, binary.LittleEndian, p.Depth.Pix)
	h.Write(p.Labels.Pix)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// Same seed, same bytes on every CPU: run this test also for arm64, where qemu-user suffices:
//
//	GOARCH=arm64 CGO_ENABLED=0 go test -c -o synth.test ./capture/synth && cd capture/synth && qemu-aarch64 -cpu cortex-a72 ../../synth.test -test.run Golden
func TestGolden(t *testing.T) {
	var got strings.Builder
	for _, args := range goldenArgs {
		for i, p := range frames(t, args) {
			fmt.Fprintf(&got, "%s %d %s\n", args, i, digest(p))
		}
	}
	if *update {
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(goldenFile, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	a, b := bufio.NewScanner(strings.NewReader(got.String())), bufio.NewScanner(strings.NewReader(string(want)))
	for a.Scan() {
		b.Scan()
		if a.Text() != b.Text() {
			t.Errorf("got  %s\nwant %s", a.Text(), b.Text())
		}
	}
}
