package mcap

import (
	"time"

	"github.com/depthwise/depthwise/capture"
)

// Options of Open. The zero value replays every pair once and stops at the first that is broken.
type Options struct {
	Skip bool // leave broken pairs out and count them, instead of stopping; their Seq is missing
	Loop bool // begin again after the last pair, for ever; Seq and times go on counting

	ColorTopic, DepthTopic, LabelTopic string        // "" = the first topics whose names and messages fit
	Window                             time.Duration // largest skew of a pair that is made by time; 0 = 20 ms

	Calibration *capture.Calibration // used instead of the file's
}

// Stats counts what became of a recording's messages.
type Stats struct {
	Pairs                  int // that the file holds
	Delivered, Skipped     uint64
	ColorAlone, DepthAlone int      // images without a partner in the window, or of the same sequence number
	Labelled               int      // pairs with labels
	Torn                   bool     // the file ends without its end: a power cut; all before it replays
	BadChunks              int      // chunks that are damaged, left out under Skip
	Problems               []string // the first few of all these, in words
}

const maxProblems = 16

func (s *Stats) note(words string) {
	if len(s.Problems) < maxProblems {
		s.Problems = append(s.Problems, words)
	}
}
