package mcap

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/match"
)

// The parts of a recording of ours: metadata of this name holds the calibration as JSON, and the topics below.
const (
	ours             = "depthwise"
	colorTopic       = "/camera/color/image"
	depthTopic       = "/camera/depth/image"
	labelTopic       = "/camera/labels"
	calibrationKey   = "calibration"
	clockMetadata    = "depthwise.clock" // whose clock the times are of, from a sequence number on
	clockKey         = "clock"
	seqKey           = "seq"
	millimetre       = 0.001 // metres per unit of 16-bit depth (REP 118)
	defaultWindow    = 20 * time.Millisecond
	assumedHalfAngle = math.Pi / 6
)

// entry is one pair of the recording.
type entry struct {
	seq                 uint64
	clock               capture.Domain
	color, depth, label *ref
}

// Open scans the file and makes it a Source.
func Open(name string, o Options) (*Recording, error) {
	fail := func(err error) (*Recording, error) {
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("mcap: open %q: %w", name, err)
	}
	info, err := os.Stat(name) // before opening: a pipe would block
	if err != nil {
		return fail(err)
	}
	if !info.Mode().IsRegular() {
		return fail(errors.New("not a regular file"))
	}
	f, err := os.Open(name)
	if err != nil {
		return fail(err)
	}
	r, err := newRecording(name, f, info.Size(), o)
	if err != nil {
		f.Close()
		return fail(err)
	}
	return r, nil
}

// newRecording opens what lies in file, which stays the caller's to close when there is an error.
func newRecording(name string, file storage, size int64, o Options) (*Recording, error) {
	r := &Recording{name: name, o: o, file: file, closed: make(chan struct{})}
	if err := r.open(size); err != nil {
		r.unpack.close()
		return nil, err
	}
	return r, nil
}

// storage is what a Recording needs of its file.
type storage interface {
	io.ReaderAt
	io.Closer
}

func (r *Recording) open(size int64) error {
	c, err := scan(r.file, size, &r.unpack)
	if err != nil {
		return err
	}
	if len(c.bad) > 0 && !r.o.Skip {
		return c.bad[0]
	}
	r.stats.BadChunks, r.stats.Torn = len(c.bad), c.torn
	for _, err := range c.bad {
		r.stats.note(err.Error())
	}
	if c.torn {
		r.stats.note("the file ends without its end")
	}
	if err := r.choose(c); err != nil {
		return err
	}
	meta, recorded := c.metadata[ours]
	if recorded && r.o.ColorTopic+r.o.DepthTopic+r.o.LabelTopic == "" {
		r.bySequence()
		r.clocks(c.clocks)
	} else {
		r.byTime()
	}
	r.stats.Pairs = len(r.entries)
	if err := r.calibrate(c, meta[calibrationKey]); err != nil {
		return err
	}
	r.span = measure(r.entries)
	return nil
}

// choose finds the channels: those that the options name, else the first whose topics sound like it.
func (r *Recording) choose(c *contents) error {
	find := func(topic string, sounds func(string) bool) *channel {
		for _, ch := range c.order {
			if (ch.kind == rawImage || ch.kind == compressedImage) && (ch.topic == topic || topic == "" && sounds(strings.ToLower(ch.topic))) {
				return ch
			}
		}
		return nil
	}
	has := func(t string, words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(t, w) })
	}
	r.color = find(r.o.ColorTopic, func(t string) bool {
		return !has(t, "depth", "infra", "/ir", "label", "disparity") && has(t, "color", "colour", "rgb", "image")
	})
	r.depth = find(r.o.DepthTopic, func(t string) bool { return has(t, "depth") })
	r.label = find(r.o.LabelTopic, func(t string) bool { return has(t, "label") })
	if r.color != nil && r.depth != nil && (r.o.LabelTopic == "" || r.label != nil) {
		return nil
	}
	var there []string
	for _, ch := range c.order {
		there = append(there, fmt.Sprintf("%s (%s, %s)", ch.topic, ch.schema.name, ch.encoding))
	}
	if len(there) > 8 {
		there = append(there[:8], "…")
	}
	return fmt.Errorf("no images of colour and depth: looked for foxglove.RawImage, foxglove.CompressedImage and sensor_msgs images "+
		"on topics that sound like it; found %d topics: %s", len(c.order), strings.Join(there, ", "))
}

// bySequence pairs a recording of ours.
func (r *Recording) bySequence() {
	index := func(ch *channel) map[uint32]*ref {
		m := map[uint32]*ref{}
		if ch != nil {
			for i := range ch.messages {
				m[ch.messages[i].seq] = &ch.messages[i]
			}
		}
		return m
	}
	depth, labels := index(r.depth), index(r.label)
	for i := range r.color.messages {
		c := &r.color.messages[i]
		if d := depth[c.seq]; d != nil {
			r.add(entry{seq: uint64(c.seq), color: c, depth: d, label: labels[c.seq]})
		}
	}
	r.alone("of the same sequence number")
}

// clocks gives the entries of a recording of ours the clocks that its metadata tells.
func (r *Recording) clocks(marks []clockMark) {
	slices.SortStableFunc(marks, func(a, b clockMark) int { return cmp.Compare(a.from, b.from) })
	for i := range r.entries {
		e := &r.entries[i]
		n, found := slices.BinarySearchFunc(marks, e.seq, func(m clockMark, seq uint64) int { return cmp.Compare(m.from, seq) })
		for found && n < len(marks) && marks[n].from == e.seq {
			n++ // the last of those of one number
		}
		if n > 0 {
			e.clock = marks[n-1].clock
		}
	}
}

// byTime pairs the nearest within the window; labels have the time of their colour image.
func (r *Recording) byTime() {
	window := r.o.Window
	if window <= 0 {
		window = defaultWindow
	}
	times := func(ch *channel) (out []time.Duration) {
		slices.SortStableFunc(ch.messages, func(a, b ref) int { return cmp.Compare(a.time, b.time) })
		for _, m := range ch.messages {
			out = append(out, m.time)
		}
		return out
	}
	labels := map[time.Duration]*ref{}
	if r.label != nil {
		for i := range r.label.messages {
			labels[r.label.messages[i].time] = &r.label.messages[i]
		}
	}
	for i, j := range match.Times(times(r.color), times(r.depth), window) {
		if j >= 0 {
			c := &r.color.messages[i]
			r.add(entry{seq: uint64(len(r.entries)), color: c, depth: &r.depth.messages[j], label: labels[c.time]})
		}
	}
	r.alone(fmt.Sprintf("within %v", window))
}

func (r *Recording) add(e entry) {
	r.entries = append(r.entries, e)
	if e.label != nil {
		r.stats.Labelled++
	}
}

func (r *Recording) alone(why string) {
	r.stats.ColorAlone, r.stats.DepthAlone = len(r.color.messages)-len(r.entries), len(r.depth.messages)-len(r.entries)
	if r.stats.ColorAlone+r.stats.DepthAlone > 0 {
		r.stats.note(fmt.Sprintf("%d color and %d depth images without a partner %s", r.stats.ColorAlone, r.stats.DepthAlone, why))
	}
}

// calibrate takes the caller's calibration, ours, or makes one from what the file has.
func (r *Recording) calibrate(c *contents, recorded string) error {
	if r.o.Calibration != nil {
		r.cal = *r.o.Calibration
		return r.cal.Validate()
	}
	if recorded != "" {
		cal, err := capture.ReadCalibration(strings.NewReader(recorded))
		r.cal = cal
		return err
	}
	if len(r.entries) == 0 {
		return errors.New("no pair and no calibration")
	}
	var color, depth picture
	var err error
	for i := range r.entries {
		if color, err = r.picture(r.color, r.entries[i].color); err == nil {
			if depth, err = r.picture(r.depth, r.entries[i].depth); err == nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	if r.cal.Color, err = r.lens(c, r.color, &color); err != nil {
		return err
	}
	if r.cal.Depth, err = r.lens(c, r.depth, &depth); err != nil {
		return err
	}
	r.cal.DepthScale, r.cal.DepthToColor = millimetre, capture.Identity
	r.assumed = append(r.assumed, "0.001 m per unit of depth")
	placed := false
	for _, ch := range c.order {
		for i := 0; ch.kind == transform && i < len(ch.messages) && !placed; i++ {
			data, err := r.message(&ch.messages[i])
			if err != nil {
				return err
			}
			if p, err := ch.placement(data); err == nil && p.parent == color.frame && p.child == depth.frame && p.parent != p.child {
				r.cal.DepthToColor, placed = p.e, true
			}
		}
	}
	if !placed && color.frame != depth.frame {
		r.assumed = append(r.assumed, "depth and colour camera at one place")
	}
	if !placed && r.cal.Color != r.cal.Depth && (r.cal.Color.Width != r.cal.Depth.Width || r.cal.Color.Height != r.cal.Depth.Height) && color.frame == depth.frame {
		return errors.New("colour and depth share a frame but differ in size: give a calibration")
	}
	return r.cal.Validate()
}

// lens is the calibration of a channel's camera: of the same frame, or beside its topic, else one of 60°.
func (r *Recording) lens(c *contents, of *channel, p *picture) (capture.Intrinsics, error) {
	w, h, err := p.size(of.kind)
	if err != nil {
		return capture.Intrinsics{}, fmt.Errorf("topic %q: %w", of.topic, err)
	}
	for _, beside := range []bool{true, false} {
		for _, ch := range c.order {
			if ch.kind != calibration || len(ch.messages) == 0 || beside && path.Dir(ch.topic) != path.Dir(of.topic) {
				continue
			}
			data, err := r.message(&ch.messages[0])
			if err != nil {
				return capture.Intrinsics{}, err
			}
			cam, err := ch.camera(data)
			if err != nil {
				return capture.Intrinsics{}, fmt.Errorf("topic %q: %w", ch.topic, err)
			}
			if (beside || cam.frame == p.frame) && cam.in.Width == w && cam.in.Height == h && cam.in.Fx > 0 {
				return cam.in, nil
			}
		}
	}
	r.assumed = append(r.assumed, fmt.Sprintf("topic %q: a 60° lens", of.topic))
	f := float64(w) / 2 / math.Tan(assumedHalfAngle)
	return capture.Intrinsics{Width: w, Height: h, Fx: f, Fy: f, Cx: float64(w-1) / 2, Cy: float64(h-1) / 2, Model: capture.NoDistortion}, nil
}
