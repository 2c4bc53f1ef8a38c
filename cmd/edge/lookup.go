package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/replay"
	"github.com/depthwise/depthwise/cmd/edge/internal/lookup"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/runtime"
)

type lookupCmd struct {
	Codes  string `arg:"" help:"Frames to find: ndjson that edge run wrote with a model that makes codes."`
	Source string `arg:"" help:"Frames to look up: such ndjson, - for stdin, or a source that the model runs on."`
	Model  string `short:"m" placeholder:"NAME|FILE" help:"The model that made the codes, to run it on a source."`
	From   string `default:"color" enum:"color,depth" help:"Code of the frames to look up: color or depth."`
	To     string `default:"depth" enum:"color,depth" help:"Code of the frames to find: color or depth."`
	Count  int    `short:"k" default:"1" placeholder:"N" help:"Find the N nearest of each."`
	Within int    `default:"64" placeholder:"BITS" help:"Leave out what differs in more bits."`
	modelFlags
}

// Help is the text below the flags.
func (*lookupCmd) Help() string {
	return `
Finds frames that show the same place, by the 64-bit codes that some models make beside the mask: colour finds depth, and
depth finds colour. Writes a JSON object per frame looked up: its seq, and the seq of those found with the number of bits
that they differ in, nearest first.
` + sourceHelp + `

Examples:

    edge run monday/ --model place.onnx --format ndjson > monday.ndjson
    edge lookup monday.ndjson tuesday/ --model place.onnx -k 3
    edge lookup monday.ndjson tuesday.ndjson --from depth --to color --within 12
`
}

// lookupLine is a line of the output.
type lookupLine struct {
	Seq     uint64         `json:"seq"`
	Matches []lookup.Match `json:"matches"`
}

func (c *lookupCmd) Run(e *env) error {
	switch {
	case c.Count < 1:
		return usagef("-k %d: must be at least 1", c.Count)
	case c.Within < 0 || c.Within > 64:
		return usagef("--within %d: must be 0 to 64 bits", c.Within)
	}
	base, err := c.read(e, c.Codes, c.To)
	if err != nil {
		return err
	}
	if len(base) == 0 {
		return fmt.Errorf("lookup %q: no frame has a code of %s", c.Codes, c.To)
	}
	queries, err := c.queries(e)
	if err != nil {
		return err
	}
	out := json.NewEncoder(e.stdout)
	for _, q := range queries {
		near := lookup.Nearest(base, q.Code, c.Count)
		near = slices.DeleteFunc(near, func(m lookup.Match) bool { return m.Distance > c.Within })
		if err := out.Encode(lookupLine{q.Seq, near}); err != nil {
			if closedPipe(err) {
				return nil
			}
			return err
		}
	}
	return nil
}

// queries are the codes to look up: of a file, or of a source that the model runs on.
func (c *lookupCmd) queries(e *env) ([]lookup.Frame, error) {
	info, err := os.Stat(c.Source)
	ext := strings.ToLower(filepath.Ext(c.Source))
	if c.Source == "-" || err == nil && info.Mode().IsRegular() && (ext == ".ndjson" || ext == ".jsonl") {
		return c.read(e, c.Source, c.From)
	}
	src, err := openSource(c.Source, sourceOptions{onError: replay.Stop, labels: "-"})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	student, err := c.open(c.Model)
	if err != nil {
		return nil, err
	}
	defer student.Close()
	if student.Metadata().Codes[c.From] == "" {
		return nil, usagef("model %q: makes no code of %s", student.Name(), c.From)
	}
	bar := newProgress(e, "frames", sourceLen(src))
	defer bar.done()
	var found []lookup.Frame
	pipeline := &runtime.Pipeline{Source: src, Policy: student.Policy(), Models: []runtime.Model{student}, ModelSize: true, Pool: student.Pool(),
		Emit: func(m *mask.Mask, _ *capture.Pair) error {
			bar.add(1)
			for _, code := range m.Codes {
				if code.Modality == c.From {
					found = append(found, lookup.Frame{Seq: m.Seq, Code: code.Bits})
				}
			}
			return nil
		}}
	if _, err := pipeline.Run(e.ctx); err != nil {
		return nil, err
	}
	return found, e.ctx.Err()
}

// read reads codes of a modality from a file, or from stdin.
func (c *lookupCmd) read(e *env, path, modality string) ([]lookup.Frame, error) {
	in := e.stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	frames, skipped, err := lookup.Read(in, modality)
	if err != nil {
		return nil, fmt.Errorf("lookup %q: %w", path, err)
	}
	if skipped > 0 {
		e.log.Warn(fmt.Sprintf("%s: %d frames have no code of %s", path, skipped, modality))
	}
	return frames, nil
}
