package runtime

import "fmt"

// Drop says why a frame became no mask.
type Drop uint8

const (
	DropLost       Drop = iota // the source's sequence numbers jump over it: lost before it reached the pipeline
	DropUnreadable             // the source returned an error instead of it
	DropSize                   // its images are not of the calibration's sizes
	DropUnregistered
	DropSuperseded // live: a newer frame was there before work on it began
	DropInference  // preprocessing or inference failed
	DropUnwritten  // its mask could not be written
	DropShutdown   // it was waiting when the run ended
	DropLate       // it came after a later one, or again
	DropUnusable   // neither of its images could be used, or not the one that the student takes
	DropUnpaired   // one of its images was lost, and pairs are required
	DropDeadline   // its mask was done after the deadline
	dropKinds
)

var dropNames = [dropKinds]string{"lost by the source", "unreadable", "wrong size", "registration failed",
	"superseded by a newer frame", "inference failed", "not written", "waiting at the end",
	"out of order", "no usable image", "not paired", "past the deadline"}

func (d Drop) String() string {
	if d < dropKinds {
		return dropNames[d]
	}
	return fmt.Sprintf("drop %d", uint8(d))
}

// Drops counts dropped frames by reason.
type Drops [dropKinds]uint64

// Total is the sum over all reasons.
func (d *Drops) Total() uint64 {
	var n uint64
	for _, v := range d {
		n += v
	}
	return n
}

// Map is the counts that are not 0, by the reason's words.
func (d *Drops) Map() map[string]uint64 {
	m := map[string]uint64{}
	for i, n := range d {
		if n > 0 {
			m[Drop(i).String()] = n
		}
	}
	return m
}
