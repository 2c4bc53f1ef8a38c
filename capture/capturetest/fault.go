package capturetest

import (
	"math/rand/v2"
	"slices"
	"time"
)

// A Kind is a way in which a camera, a cable or a disk fails.
type Kind int

const (
	Stall       Kind = iota // Next waits for the fault's For; for ever (until ctx or Close) if For is 0
	Drop                    // Count pairs are lost before the next one: a gap in Seq
	Duplicate               // the last pair comes again, with its Seq and times
	Reorder                 // two pairs change places
	Tear                    // the lower half of both images is the last pair's: a transfer that was overtaken
	Unplug                  // Next fails with ErrUnplugged, and the pairs meanwhile are lost; then it is plugged in again
	WrongSize               // the images come at half their width and height
	Freeze                  // the images are those of the last pair, while Seq and times go on
	ClockJump               // times are off by the fault's For (which may be negative)
	Blind                   // no depth reading anywhere: sunlight, a covered projector
	Dark                    // a black colour image: a covered lens, no light
	LoseDepth               // the depth image is empty (0×0): its stream is gone
	LoseColor               // the colour image is empty (0×0)
	Corrupt                 // noise over a tenth of both images' pixels: a bad cable
	FreezeColor             // the colour image is that of the last pair
	FreezeDepth             // the depth image is
	StickDepth              // every reading has all its bits set
	kinds
)

var kindNames = [kinds]string{"stall", "drop", "duplicate", "reorder", "tear", "unplug", "wrong-size", "freeze", "clock-jump",
	"blind", "dark", "lose-depth", "lose-color", "corrupt", "freeze-color", "freeze-depth", "stick-depth"}

// String returns the kind's name, as in a fault table.
func (k Kind) String() string {
	if k < 0 || k >= kinds {
		return "unknown"
	}
	return kindNames[k]
}

// Kinds returns every kind, in order.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// A Fault is one event in the life of an [Injector].
type Fault struct {
	Kind  Kind
	At    int           // it begins at this call of Next, counted from 0
	Count int           // it lasts so many calls (Drop: it takes so many pairs); 0 means 1
	For   time.Duration // of Stall and ClockJump
}

func (f Fault) count() int { return max(f.Count, 1) }

// active tells whether f acts on a call.
func (f Fault) active(call int) bool {
	if f.Kind == Drop || f.Kind == Reorder { // one event, whatever its size
		return call == f.At
	}
	return call >= f.At && call < f.At+f.count()
}

// RandomFaults draws n faults within the first calls calls of Next, of the given kinds (all but Stall if there are
// none), each lasting 1 to 5 calls; a Stall lasts up to 20 ms, a ClockJump is up to 2 s in either direction. The same
// seed gives the same faults.
func RandomFaults(seed uint64, n, calls int, of ...Kind) []Fault {
	if len(of) == 0 {
		of = Kinds()[1:]
	}
	rng := rand.New(rand.NewPCG(seed, 0xfa017))
	faults := make([]Fault, n)
	for i := range faults {
		f := Fault{Kind: of[rng.IntN(len(of))], At: rng.IntN(max(calls, 1)), Count: 1 + rng.IntN(5)}
		switch f.Kind {
		case Stall:
			f.For = time.Duration(1 + rng.IntN(int(20*time.Millisecond)))
		case ClockJump:
			f.For = time.Duration(rng.IntN(int(4*time.Second))) - 2*time.Second
		}
		faults[i] = f
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return a.At - b.At })
	return faults
}
