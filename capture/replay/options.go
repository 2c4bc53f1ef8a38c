package replay

import (
	"time"

	"github.com/depthwise/depthwise/capture"
)

// OnError says what a broken pair does to a replay.
type OnError string

const (
	Stop OnError = "stop" // Next returns the error, and again whenever it is asked; the default
	Skip OnError = "skip" // the pair is left out and counted; its Seq is missing from the sequence
)

// Options of Open. The zero value replays every pair once, as fast as it is asked, and stops at the first error.
type Options struct {
	OnError OnError

	Paced bool    // deliver at the recorded times; a gap above 10 s is shortened to 10 s
	FPS   float64 // deliver at this rate instead; pairs per second, 0 = not
	Loop  bool    // begin again after the last pair, for ever; Seq and times go on counting

	Window time.Duration // largest skew of a pair that is made by time; 0 = 20 ms, as TUM's associate.py has it
	Labels string        // folder of labels inside the recording; "" = label<N>, labels or label where it exists, "-" = none

	Calibration *capture.Calibration // used instead of calibration.json

	Threads int // goroutines that read ahead; 0 = one per CPU, at most 4; below 0 = none, Next reads by itself
	Ahead   int // pairs read ahead, which bounds the memory; 0 = as many as Threads
}

// Stats counts what became of the files of a recording.
type Stats struct {
	Pairs     int    // pairs that the folder lists
	Delivered uint64 // pairs that Next gave
	Skipped   uint64 // pairs that Next left out, the sum of Reasons
	Reasons   map[Reason]uint64

	ColorAlone, DepthAlone int // images without a partner: none of that name, or none in the window
	Duplicates             int // images left out because another has the same number or time
	Labelled               int // pairs that have a label file
	TornLines              int // index lines that a power cut tore
	BadLines               int // index lines left out under Skip
	TornPairs              int // pairs at the end of a torn recording whose images are not whole
	OtherFiles             int // files in the image folders that are no images

	Problems []string // the first few of all these, in words
}

// Reason says why a pair could not be read.
type Reason string

const (
	Missing Reason = "missing" // a listed file does not exist or cannot be read
	Torn    Reason = "torn"    // a file ends early or fails its checksum
	Format  Reason = "format"  // a file of another kind: no image, or depth that is not 16-bit gray
	Size    Reason = "size"    // an image of another size than the calibration's
)

const maxProblems = 16

// note keeps the first few problems in words.
func (s *Stats) note(words string) {
	if len(s.Problems) < maxProblems {
		s.Problems = append(s.Problems, words)
	}
}
