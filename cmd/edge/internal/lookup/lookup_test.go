package lookup

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRead(t *testing.T) {
	text := `{"seq":3,"time":0.1,"codes":{"color":"00000000000000ff","depth":"8000000000000001"},"masks":{}}

{"seq":4,"codes":{"color":"FFFFFFFFFFFFFFFF"}}
{"seq":6,"model":"tabletop"}
`
	for modality, want := range map[string][]Frame{"color": {{3, 0xff}, {4, 1<<64 - 1}}, "depth": {{3, 1<<63 | 1}}} {
		got, skipped, err := Read(strings.NewReader(text), modality)
		if err != nil || !slices.Equal(got, want) || skipped != 3-len(want) {
			t.Errorf("%s: got %v, %d skipped, %v; want %v", modality, got, skipped, err, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"{}":                               "line 1: no seq",
		"{\"seq\":1}\n{\"seq\":":           "line 2: unexpected end of JSON input",
		`{"seq":1,"codes":{"color":"12"}}`: "line 1: frame 1: color code \"12\" is not 16",
		`{"seq":1,"codes":{"color":"000000000000000g"}}`:  "is not 16",
		`{"seq":1,"codes":{"color":"+000000000000001"}}`:  "is not 16",
		`{"seq":1,"codes":{"color":"00000000000000001"}}`: "is not 16",
		`{"seq":-1}`:           "line 1",
		`{"seq":1,"codes":[]}`: "line 1",
	} {
		if _, _, err := Read(strings.NewReader(text), "color"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

// TestNearest holds the scan to a sort of the whole base.
func TestNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.Uint64().Draw(t, "code")
		var base []Frame
		for i, flips := range rapid.SliceOfN(rapid.Uint64Range(0, 15), 0, 40).Draw(t, "flips") {
			base = append(base, Frame{uint64(i), code ^ flips})
		}
		k := rapid.IntRange(-1, 45).Draw(t, "k")
		var want []Match
		for _, f := range base {
			want = append(want, Match{f.Seq, bits.OnesCount64(f.Code ^ code)})
		}
		slices.SortStableFunc(want, func(a, b Match) int { return a.Distance - b.Distance })
		if got := Nearest(base, code, k); !slices.Equal(got, want[:max(0, min(k, len(want)))]) {
			t.Fatalf("k %d: got %v, want %v", k, got, want)
		}
	})
}

// FuzzRead: whatever is read comes back from what it is written as.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"seq":3,"codes":{"color":"00000000000000ff"}}`))
	f.Add([]byte("{\"seq\":1}\n\n{\"seq\":18446744073709551615,\"codes\":{\"color\":\"ABCDEF0123456789\"}}\n"))
	f.Add([]byte(`{"seq":1,"codes":{"color":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		frames, _, err := Read(bytes.NewReader(data), "color")
		if err != nil {
			if frames != nil {
				t.Fatal("frames beside an error")
			}
			return
		}
		var again strings.Builder
		for _, f := range frames {
			fmt.Fprintf(&again, "{\"seq\":%d,\"codes\":{\"color\":\"%016x\"}}\n", f.Seq, f.Code)
		}
		got, skipped, err := Read(strings.NewReader(again.String()), "color")
		if err != nil || skipped != 0 || !slices.Equal(got, frames) {
			t.Fatalf("written again: %v, %d skipped, %v; want %v", got, skipped, err, frames)
		}
	})
}
