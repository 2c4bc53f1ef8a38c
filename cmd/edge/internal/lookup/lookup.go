// Package lookup finds frames by their 64-bit codes: a robot that knows where it saw something like this before.
//
//	base, err := lookup.Read(file, "depth")
//	near := lookup.Nearest(base, code, 5)
//
// Codes come from ndjson, a line per frame as edge run writes it: {"seq":7,…,"codes":{"color":"0f3a…","depth":"1b3e…"},…}.
// Distance is Hamming's, in bits of 64. A scan over all of the base takes a nanosecond or two a frame, so there is no
// index.
package lookup

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strconv"
)

// Frame is a frame's number in its source, and its code.
type Frame struct {
	Seq  uint64
	Code uint64
}

// Match is a frame of the base, and how many bits its code differs in.
type Match struct {
	Seq      uint64 `json:"seq"`
	Distance int    `json:"distance"`
}

// maxLine bounds a line of ndjson: a mask of many runs at 4096 × 4096 stays below.
const maxLine = 64 << 20

// Read reads the codes of a modality from ndjson, in order. Frames whose line has none are left out; skipped is their
// number. An error names the line.
func Read(r io.Reader, modality string) (frames []Frame, skipped int, err error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	line := 0
	for s.Scan() {
		line++
		if len(s.Bytes()) == 0 {
			continue
		}
		var f struct {
			Seq   *uint64           `json:"seq"`
			Codes map[string]string `json:"codes"`
		}
		if err := json.Unmarshal(s.Bytes(), &f); err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", line, err)
		}
		if f.Seq == nil {
			return nil, 0, fmt.Errorf("line %d: no seq", line)
		}
		text, ok := f.Codes[modality]
		if !ok {
			skipped++
			continue
		}
		code, err := strconv.ParseUint(text, 16, 64)
		if err != nil || len(text) != 16 {
			return nil, 0, fmt.Errorf("line %d: frame %d: %s code %q is not 16 hexadecimal digits", line, *f.Seq, modality, text)
		}
		frames = append(frames, Frame{*f.Seq, code})
	}
	if err := s.Err(); err != nil {
		return nil, 0, fmt.Errorf("line %d: %w", line+1, err)
	}
	return frames, skipped, nil
}

// Nearest returns the k frames of the base that differ least from code, nearest first; of equally near ones the first in
// the base. Fewer if the base has fewer.
func Nearest(base []Frame, code uint64, k int) []Match {
	k = min(k, len(base))
	if k <= 0 {
		return nil
	}
	near := make([]Match, 0, k+1)
	for _, f := range base {
		d := bits.OnesCount64(f.Code ^ code)
		if len(near) == k && d >= near[k-1].Distance {
			continue
		}
		at := len(near)
		for at > 0 && near[at-1].Distance > d {
			at--
		}
		near = slices.Insert(near, at, Match{f.Seq, d})
		near = near[:min(len(near), k)]
	}
	return near
}
