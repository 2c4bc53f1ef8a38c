package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/replay"
)

// picker says which frames are measured: by sequence number, by the name of the colour file without its ending, or by
// folder/name.
type picker struct {
	all   bool
	names map[string]bool
}

func newPicker(frames []string, split, part string) (*picker, error) {
	p := &picker{all: len(frames) == 0 && split == "", names: map[string]bool{}}
	if split != "" {
		text, err := os.ReadFile(split)
		if err != nil {
			return nil, err
		}
		var parts map[string]json.RawMessage
		if err := json.Unmarshal(text, &parts); err != nil {
			return nil, fmt.Errorf("split %q: %w", split, err)
		}
		raw, ok := parts[part]
		var list []string
		if !ok || json.Unmarshal(raw, &list) != nil {
			return nil, usagef("split %q: %q is not a list of names in it; it has %v", split, part, slices.Sorted(maps.Keys(parts)))
		}
		frames = append(slices.Clone(frames), list...)
	}
	for _, f := range frames {
		p.names[f] = true
	}
	return p, nil
}

func (p *picker) wants(dir, name string, seq uint64) bool {
	return p.all || p.names[name] || p.names[dir+"/"+name] || p.names[strconv.FormatUint(seq, 10)]
}

// pickedSource leaves out the frames that nobody asked for, and numbers the others from 0 on.
type pickedSource struct {
	capture.Source
	pick      *picker
	recording *replay.Recording // nil for sources without file names

	mu    sync.Mutex
	names []string // by new number
	seqs  []uint64 // the source's own numbers
}

func (s *pickedSource) Next(ctx context.Context, dst *capture.Pair) error {
	for {
		if err := s.Source.Next(ctx, dst); err != nil {
			return err
		}
		name, dir := "frame "+strconv.FormatUint(dst.Seq, 10), ""
		if s.recording != nil {
			if color, _, _, ok := s.recording.Files(dst.Seq); ok {
				name = strings.TrimSuffix(path.Base(color), path.Ext(color))
				dir = filepath.Base(s.recording.Dir())
			}
		}
		if !s.pick.wants(dir, name, dst.Seq) {
			continue
		}
		s.mu.Lock()
		s.names, s.seqs = append(s.names, name), append(s.seqs, dst.Seq)
		dst.Seq = uint64(len(s.names) - 1)
		s.mu.Unlock()
		return nil
	}
}

// name is the name of the frame with a new number.
func (s *pickedSource) name(seq uint64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[seq]
}

// labelFile names the file that a frame's labels came from, as well as that is known.
func (m *measure) labelFile(seq uint64, name string) string {
	if m.recording == nil {
		return name
	}
	m.picked.mu.Lock()
	defer m.picked.mu.Unlock()
	if _, _, label, ok := m.recording.Files(m.picked.seqs[seq]); ok {
		return strconv.Quote(filepath.Join(m.recording.Dir(), filepath.FromSlash(label)))
	}
	return name
}

var labelFolderName = regexp.MustCompile(`(?i)^labels?[0-9]*$`)

// labelFolders says which folders of labels the recording has, and the flag that chooses one.
func (m *measure) labelFolders() string {
	if m.recording == nil {
		return ""
	}
	entries, err := os.ReadDir(m.recording.Dir())
	if err != nil {
		return ""
	}
	var found []string
	for _, e := range entries {
		if labelFolderName.MatchString(e.Name()) {
			found = append(found, e.Name())
		}
	}
	if len(found) == 0 {
		return fmt.Sprintf("; %s has no folder label<N>, labels or label: say --labels FOLDER", m.recording.Dir())
	}
	there := "; folders of labels there: " + strings.Join(found, ", ")
	if best := fmt.Sprintf("label%d", len(m.result.Classes)); slices.Contains(found, best) {
		return there + ": say --labels " + best
	}
	return there + ": choose with --labels, and name labels that count for nothing with --void"
}

// printEval writes the scores for people.
func printEval(w io.Writer, results []*evalResult) error {
	for _, r := range results {
		fmt.Fprintf(w, "model %s\n", r.Model)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(t, "\tframes\tmIoU\tpresent\taccuracy\t%s\t\n", strings.Join(r.Classes, "\t"))
		for i := range r.Sources {
			fmt.Fprintf(t, "%s\t%s\t\n", r.Sources[i].Source, printEvalLine(&r.Sources[i], r.Classes))
		}
		if len(r.Sources) > 1 {
			fmt.Fprintf(t, "total\t%s\t\n", printEvalLine(&r.Total, r.Classes))
		}
		t.Flush()
		fmt.Fprintln(w, "\nconfusion, percent of each label's pixels (row: label, column: prediction)")
		t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(t, "\t%s\tno class\tpixels\t\n", strings.Join(r.Classes, "\t"))
		for i, row := range r.Total.Confusion {
			var sum uint64
			for _, n := range row {
				sum += n
			}
			fmt.Fprintf(t, "%s", r.Classes[i])
			for _, n := range row {
				fmt.Fprintf(t, "\t%.2f", 100*float64(n)/float64(max(sum, 1)))
			}
			fmt.Fprintf(t, "\t%d\t\n", sum)
		}
		if err := t.Flush(); err != nil {
			return err
		}
		if r.Total.Unlabelled > 0 {
			fmt.Fprintf(w, "%d frames without labels were left out\n", r.Total.Unlabelled)
		}
	}
	return nil
}
