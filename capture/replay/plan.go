package replay

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/match"
	"github.com/depthwise/depthwise/capture/internal/png"
)

// maxIndex bounds an index file, about two million pairs.
const maxIndex = 256 << 20

// assumedPeriod is the time from pair to pair in recordings that have no times: 30 a second.
const assumedPeriod = time.Second / 30

// plan is a listed recording: one entry per pair.
type plan struct {
	layout
	o       Options
	entries []entry
	ours    bool    // Depthwise wrote it
	scale   float64 // of depth, where no calibration says it
	assumed []string
	stats   Stats
}

// makePlan lists the pairs of a folder.
func makePlan(dir string, o Options) (*plan, error) {
	l, err := look(dir)
	if err != nil {
		return nil, err
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	p := &plan{layout: l, o: o, scale: plainScale, stats: Stats{Reasons: map[Reason]uint64{}}}
	if l.indexed() {
		p.scale = tumScale
	}
	if l.associations != "" {
		if err = p.associated(); err != nil {
			return nil, err
		}
	}
	if len(p.entries) == 0 && !p.ours {
		switch {
		case l.rgbIndex != "" && l.depthIndex != "":
			err = p.stamped()
		case l.folders():
			p.scale = plainScale
			err = p.listed()
		}
		if err != nil {
			return nil, err
		}
	}
	if len(p.entries) == 0 && !p.ours {
		return nil, fmt.Errorf("replay: open %q: no pair: %d color and %d depth images without a partner, %d other files%s",
			dir, p.stats.ColorAlone, p.stats.DepthAlone, p.stats.OtherFiles, p.firstProblem())
	}
	p.stats.Pairs = len(p.entries)
	return p, p.labelled()
}

func (p *plan) firstProblem() string {
	if len(p.stats.Problems) == 0 {
		return ""
	}
	return "; first: " + p.stats.Problems[0]
}

// readIndex loads and parses an index file. Bad lines are an error, under Skip they are counted.
func readIndex[T any](p *plan, name string, parse func(string) (T, error)) (index[T], error) {
	path := filepath.Join(p.dir, name)
	info, err := os.Stat(path)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxIndex) {
		err = fmt.Errorf("not a regular file of at most %d bytes", maxIndex)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return index[T]{}, fmt.Errorf("replay: index %q: %w", name, plain(err))
	}
	ix := parseIndex(data, parse)
	if len(ix.bad) > 0 && p.o.OnError != Skip {
		return ix, fmt.Errorf("replay: index %q: %w", name, ix.bad[0])
	}
	p.stats.BadLines += len(ix.bad)
	p.stats.TornLines += ix.torn
	for _, err := range ix.bad {
		p.stats.note(fmt.Sprintf("index %q: %v", name, err))
	}
	if ix.torn > 0 {
		p.stats.note(fmt.Sprintf("index %q: the last line is torn", name))
	}
	return ix, nil
}

// associated lists the pairs of an association file.
func (p *plan) associated() error {
	ix, err := readIndex(p, p.associations, parseAssociation)
	if err != nil {
		return err
	}
	p.ours = ix.ours
	if len(ix.lines) == 0 {
		p.stats.note(fmt.Sprintf("index %q: no pair in it", p.associations))
		return nil
	}
	c, d := 0, 1
	if !ix.ours && p.depthFirst(ix.lines[0]) {
		c, d = 1, 0
	}
	p.entries = make([]entry, len(ix.lines))
	clock := capture.UnknownClock
	for i, a := range ix.lines {
		seq := uint64(i)
		if ix.ours {
			n := numbers(stem(a[c].file))
			if len(n) == 0 {
				return fmt.Errorf("replay: index %q: %q has no sequence number", p.associations, a[c].file)
			}
			if _, err := fmt.Sscan(n[len(n)-1], &seq); err != nil {
				return fmt.Errorf("replay: index %q: %q: sequence number: %w", p.associations, a[c].file, err)
			}
		}
		for len(ix.clocks) > 0 && ix.clocks[0].line <= i {
			clock, ix.clocks = ix.clocks[0].clock, ix.clocks[1:]
		}
		p.entries[i] = entry{seq: seq, clock: clock, colorTime: a[c].time, depthTime: a[d].time, color: a[c].file, depth: a[d].file}
	}
	if ix.ours {
		p.cutTorn(ix.synced)
	}
	return nil
}

// depthFirst tells whether a line names the depth image first: by the names, else by looking into the files.
func (p *plan) depthFirst(a association) bool {
	is := func(s, what string) bool { return strings.Contains(strings.ToLower(s), what) }
	if x, y := is(a[0].file, "depth"), is(a[1].file, "depth"); x != y {
		return x
	}
	for _, what := range []string{"rgb", "color", "colour"} {
		if x, y := is(a[0].file, what), is(a[1].file, what); x != y {
			return y
		}
	}
	h, err := p.probe(a[0].file)
	return err == nil && h.Bits == 16 && h.Type == png.Gray
}

// cutTorn drops the pairs at the end of a torn recording from the first whose images are not whole. Pairs that were
// synced to the disk need no look.
func (p *plan) cutTorn(synced int) {
	r := reader{dir: p.dir}
	for i := synced; i < len(p.entries); i++ {
		for _, name := range []string{p.entries[i].color, p.entries[i].depth} {
			if err := r.load(name); err != nil || !png.Whole(r.file) {
				p.stats.TornPairs = len(p.entries) - i
				p.stats.note(fmt.Sprintf("%q is not whole: the recording ends before it", name))
				p.entries = p.entries[:i]
				return
			}
		}
	}
}

// stamped pairs rgb.txt with depth.txt by time.
func (p *plan) stamped() error {
	var s [2][]stamp
	for i, name := range []string{p.rgbIndex, p.depthIndex} {
		ix, err := readIndex(p, name, parseStamp)
		if err != nil {
			return err
		}
		s[i] = ix.lines
	}
	p.byTime(s[0], s[1])
	return nil
}

// byTime pairs the nearest within the window.
func (p *plan) byTime(color, depth []stamp) {
	window := p.o.Window
	if window <= 0 {
		window = 20 * time.Millisecond
	}
	var times [2][]time.Duration
	for i, s := range []*[]stamp{&color, &depth} {
		slices.SortStableFunc(*s, func(a, b stamp) int { return cmp.Compare(a.time, b.time) })
		n := len(*s)
		*s = slices.CompactFunc(*s, func(a, b stamp) bool { return a.time == b.time })
		if twice := n - len(*s); twice > 0 {
			p.stats.Duplicates += twice
			p.stats.note(fmt.Sprintf("%d %s images have the time of another, and are left out", twice, [2]string{"color", "depth"}[i]))
		}
		for _, f := range *s {
			times[i] = append(times[i], f.time)
		}
	}
	partner := match.Times(times[0], times[1], window)
	for i, j := range partner {
		if j >= 0 {
			p.entries = append(p.entries, entry{seq: uint64(len(p.entries)),
				colorTime: color[i].time, depthTime: depth[j].time, color: color[i].file, depth: depth[j].file})
		}
	}
	p.alone(len(color), len(depth), fmt.Sprintf("no partner within %v", window))
}

// alone counts the images that are in no entry.
func (p *plan) alone(color, depth int, why string) {
	p.stats.ColorAlone, p.stats.DepthAlone = color-len(p.entries), depth-len(p.entries)
	if p.stats.ColorAlone+p.stats.DepthAlone > 0 {
		p.stats.note(fmt.Sprintf("%d color and %d depth images: %s", p.stats.ColorAlone, p.stats.DepthAlone, why))
	}
}

// listed pairs two plain folders: by time where all names are times, else by name.
func (p *plan) listed() error {
	color, err := p.images(p.colorFolder)
	if err != nil {
		return err
	}
	depth, err := p.images(p.depthFolder)
	if err != nil {
		return err
	}
	cs, ok1 := namedTimes(color)
	ds, ok2 := namedTimes(depth)
	if ok1 && ok2 {
		p.byTime(cs, ds)
		return nil
	}
	partner, duplicates := matchNames(color, depth)
	p.stats.Duplicates = duplicates
	for i, j := range partner {
		if j >= 0 {
			n := len(p.entries)
			t := time.Duration(n) * time.Second / 30
			p.entries = append(p.entries, entry{seq: uint64(n), colorTime: t, depthTime: t, color: color[i], depth: depth[j]})
		}
	}
	p.assumed = append(p.assumed, "times: 30 pairs a second")
	p.alone(len(color), len(depth), "no partner of the same number or name")
	return nil
}

// namedTimes reads file names as times in seconds since 1970, with a fraction, as TUM names its images.
func namedTimes(files []string) ([]stamp, bool) {
	out := make([]stamp, len(files))
	for i, f := range files {
		s := stem(f)
		if n := digits(s); n < 9 || n > 10 || n == len(s) || s[n] != '.' {
			return nil, false
		}
		t, err := parseTime(s)
		if err != nil {
			return nil, false
		}
		out[i] = stamp{t, f}
	}
	return out, len(files) > 0
}

// images lists the image files of a folder in natural order.
func (p *plan) images(folder string) ([]string, error) {
	names, err := os.ReadDir(filepath.Join(p.dir, folder))
	if err != nil {
		return nil, fmt.Errorf("replay: folder %q: %w", folder, plain(err))
	}
	var out []string
	for _, e := range names {
		switch ext := strings.ToLower(filepath.Ext(e.Name())); {
		case strings.HasPrefix(e.Name(), "."):
		case ext == ".png" || ext == ".jpg" || ext == ".jpeg":
			out = append(out, folder+"/"+e.Name())
		default:
			if p.stats.OtherFiles++; p.stats.OtherFiles == 1 {
				p.stats.note(fmt.Sprintf("%q is neither .png nor .jpg, as perhaps others", folder+"/"+e.Name()))
			}
		}
	}
	slices.SortFunc(out, compareNatural)
	return out, nil
}

// labelled gives the entries the names of their label files.
func (p *plan) labelled() error {
	folder := p.labelFolder
	switch p.o.Labels {
	case "":
	case "-":
		folder = ""
	default:
		folder = filepath.ToSlash(p.o.Labels)
		if !filepath.IsLocal(p.o.Labels) {
			return fmt.Errorf("replay: labels %q: not inside the recording", p.o.Labels)
		}
	}
	if folder == "" || len(p.entries) == 0 {
		return nil
	}
	labels, err := p.images(folder)
	if err != nil {
		if p.o.Labels == "" && !errors.Is(err, fs.ErrPermission) {
			p.stats.note(err.Error()) // a file of that name, say
			return nil
		}
		return err
	}
	color := make([]string, len(p.entries))
	for i := range p.entries {
		color[i] = p.entries[i].color
	}
	partner, _ := matchNames(color, labels)
	for i, j := range partner {
		if j >= 0 {
			p.entries[i].label = labels[j]
			p.stats.Labelled++
		}
	}
	return nil
}
