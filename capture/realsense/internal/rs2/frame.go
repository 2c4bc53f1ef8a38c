//go:build realsense && (linux || darwin)

package rs2

import (
	"fmt"
	"unsafe"
)

// A Frame is one image, or a set of them, in the library's memory.
type Frame struct {
	l *Library
	p uintptr
}

// frame is what the library calls.
func (l *Library) frame(p, user uintptr) {
	l.mu.Lock()
	f := l.onFrame[user]
	l.mu.Unlock()
	if f == nil {
		l.ReleaseFrame(p)
		return
	}
	f(Frame{l, p})
}

// Release gives the frame back.
func (f Frame) Release() { f.l.ReleaseFrame(f.p) }

// Each calls g with every image of a set, or with the frame itself if it is one. The images are valid during the call.
func (f Frame) Each(g func(Frame)) error {
	var e uintptr
	set := f.l.IsFrameA(f.p, int32(CompositeFrame), &e)
	if err := f.l.take(e); err != nil {
		return err
	}
	if set == 0 {
		g(f)
		return nil
	}
	n := f.l.EmbeddedFrames(f.p, &e)
	if err := f.l.take(e); err != nil {
		return err
	}
	for i := range n {
		p := f.l.ExtractFrame(f.p, i, &e)
		if err := f.l.take(e); err != nil {
			return err
		}
		one := Frame{f.l, p}
		g(one)
		one.Release()
	}
	return nil
}

// FrameMetadata are the facts that come with a frame, by their number.
type FrameMetadata struct {
	Has    uint64 // bit n: fact n is known
	Values [EmitterMode + 1]int64
}

// A Picture is what an image of a stream is. Data is the library's memory, valid until the frame is released.
type Picture struct {
	Stream        Stream
	ID            int // of its profile
	Format        Format
	Number        uint64  // counts a stream's frames; a gap is a frame that was lost before it came here
	Time          float64 // ms, of the domain's clock
	Domain        Domain
	Width, Height int
	Step          int // bytes from row to row
	Data          []byte
	Metadata      FrameMetadata
}

// wanted is the metadata that is asked for with each frame.
var wanted = []Metadata{FrameCounter, FrameTimestamp, SensorTimestamp, ActualExposure, GainLevel, AutoExposureOn, TimeOfArrival,
	Temperature, BackendTimestamp, ActualFPS, LaserPowerLevel, EmitterMode}

// Read fills p with what the frame is.
func (f Frame) Read(p *Picture) error {
	l, e := f.l, new(uintptr)
	profile := l.GetFrameProfile(f.p, e)
	if err := l.take(*e); err != nil {
		return err
	}
	n := new([5]int32)
	l.GetStreamProfileData(profile, &n[0], &n[1], &n[2], &n[3], &n[4], e)
	if err := l.take(*e); err != nil {
		return err
	}
	p.Stream, p.Format, p.ID = Stream(n[0]), Format(n[1]), int(n[3])
	p.Number = l.GetFrameNumber(f.p, e)
	if err := l.take(*e); err != nil {
		return err
	}
	p.Time = l.GetTimestamp(f.p, e)
	if err := l.take(*e); err != nil {
		return err
	}
	p.Domain = Domain(l.GetDomain(f.p, e))
	if err := l.take(*e); err != nil {
		return err
	}
	p.Width = int(l.GetFrameWidth(f.p, e))
	if err := l.take(*e); err != nil {
		return err
	}
	p.Height = int(l.GetFrameHeight(f.p, e))
	if err := l.take(*e); err != nil {
		return err
	}
	p.Step = int(l.GetStride(f.p, e))
	if err := l.take(*e); err != nil {
		return err
	}
	size := int(l.GetDataSize(f.p, e))
	if err := l.take(*e); err != nil {
		return err
	}
	if size == 0 { // a frame whose data lies in the driver's memory, or a program's: the library does not tell its length
		size = p.Step * p.Height
	}
	data := l.GetData(f.p, e)
	if err := l.take(*e); err != nil {
		return err
	}
	if data == nil || size <= 0 {
		return fmt.Errorf("frame %d of stream %d has no data", p.Number, p.Stream)
	}
	p.Data = unsafe.Slice(data, size)
	p.Metadata.Has = 0
	for _, m := range wanted {
		if yes := l.SupportsMetadata(f.p, int32(m), e); *e == 0 && yes != 0 {
			p.Metadata.Values[m] = l.GetMetadata(f.p, int32(m), e)
			if *e == 0 {
				p.Metadata.Has |= 1 << m
			}
		}
		if *e != 0 { // a fact that the frame does not tell after all
			l.FreeError(*e)
			*e = 0
		}
	}
	return nil
}
