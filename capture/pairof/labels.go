package pairof

import (
	"time"

	"github.com/depthwise/depthwise/capture"
)

// defaultQueue is capture.PairerOptions' own.
const defaultQueue = 8

// labels keeps the labels of the latest colour images, one more than can wait for a partner, under the images' told times.
type labels struct {
	slots []labelled
	next  int
}

type labelled struct {
	at     time.Duration
	used   bool
	labels capture.Labels
}

// put keeps l, which is swapped for other memory. An image that repeats the time before is in no pair, nor are its labels.
func (ls *labels) put(at time.Duration, l *capture.Labels) {
	if last := &ls.slots[(ls.next+len(ls.slots)-1)%len(ls.slots)]; last.used && last.at == at {
		return
	}
	s := &ls.slots[ls.next]
	ls.next = (ls.next + 1) % len(ls.slots)
	s.at, s.used = at, true
	s.labels, *l = *l, s.labels
}

// of finds the labels of the image that was taken at a time, nil where there are none.
func (ls *labels) of(at time.Duration) *capture.Labels {
	for i := range ls.slots {
		s := &ls.slots[(ls.next+len(ls.slots)-1-i)%len(ls.slots)] // the latest first: a clock may have gone back
		if s.used && s.at == at && len(s.labels.Pix) > 0 {
			return &s.labels
		}
	}
	return nil
}
