package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/replay"
	"github.com/depthwise/depthwise/cmd/edge/internal/score"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/pool"
	"github.com/depthwise/depthwise/runtime"
)

type evalCmd struct {
	Sources []string `arg:"" name:"sources" help:"Labelled recordings, or synthetic cameras."`
	Model   []string `short:"m" sep:"none" placeholder:"NAME|FILE" help:"Model to measure; several are compared."`
	Labels  string   `placeholder:"FOLDER" help:"Folder of labels inside the recordings; label<N>, labels or label if not given."`
	Void    []uint8  `placeholder:"ID" help:"Labels that count for nothing, besides the model's void id (255)."`
	Split   string   `placeholder:"FILE" help:"JSON file that names frames by part: {\"validation\": [\"learn9\", …]}."`
	Part    string   `default:"validation" help:"Part of the split."`
	Frames  []string `placeholder:"NAME" help:"Only these frames: file names without ending, or sequence numbers."`
	Limit   uint64   `short:"n" placeholder:"N" help:"At most N frames of each source."`
	Drift   string   `placeholder:"FLOAT.onnx" help:"The float model that --model was quantised from: compare both, layer by layer."`
	JSON    bool     `help:"Print everything as JSON."`
	HTML    string   `placeholder:"FILE" help:"Write a page with the best and worst frames."`
	modelFlags
}

// Help is the text below the flags.
func (*evalCmd) Help() string {
	return `
Runs a model on labelled frames. Per recording and over all: IoU of each class, their mean (mIoU) over the classes that
any pixel has by label or prediction, and over the classes that occur in the labels (present), pixel accuracy, and the
confusion: a row per label, a column per prediction. IoU is in percent, of sums over all frames.

With --drift both models run on the same frames: their scores, how far their class maps agree, and per layer the
signal-to-noise ratio of the quantised one's tensor, 10·log₁₀(Σ float² / Σ (float − dequantised)²) dB over all frames,
and the same of each layer were it the only quantised one. The layers that lose most by themselves come first. Frames without labels count for
all of this but the scores. The quantised model is --model, or a first argument that ends in .onnx. Without a source,
100 frames of the synthetic camera are taken. A float model whose input is float32 is given what the
quantised model's first DequantizeLinear makes of the bytes, or 1/255 of them where it has none.
` + sourceHelp + `

Examples:

    edge eval validation/ --html report.html
    edge eval rooms/ tables/ --model student.onnx --model tabletop --json
    edge eval labelled/ --labels label3 --void 0 --split split.json --part validation
    edge eval synth:seed=99,cut=1,frames=500
    edge eval --drift float.onnx int8.onnx validation/
`
}

// evalResult is one model's score: what --json prints, one element of its list per model. Scores are in percent.
type evalResult struct {
	Model   string       `json:"model"`
	Classes []string     `json:"classes"`
	Sources []evalScore  `json:"sources"`
	Total   evalScore    `json:"total"`
	gallery *gallery     // of --html
	palette mask.Palette // for it
}

// evalScore is the score on one source, or on all.
type evalScore struct {
	Source      string              `json:"source,omitempty"`
	Frames      int                 `json:"frames"`
	Unlabelled  int                 `json:"unlabelled"` // frames without labels, which count for nothing
	MIoU        float64             `json:"miou"`
	MIoUPresent float64             `json:"miou_present"`
	Accuracy    float64             `json:"accuracy"`
	IoU         map[string]*float64 `json:"iou"`       // null for a class that no pixel has
	Confusion   [][]uint64          `json:"confusion"` // [label][prediction]; the last column is predictions that are no class
}

func (c *evalCmd) Run(e *env) error {
	pick, err := newPicker(c.Frames, c.Split, c.Part)
	if err != nil {
		return err
	}
	if c.Drift != "" {
		return c.drift(e, pick)
	}
	names := c.Model
	if len(names) == 0 {
		names = []string{""}
	}
	var results []*evalResult
	for _, name := range names {
		r, err := c.model(e, name, pick)
		if err != nil {
			return err
		}
		results = append(results, r)
		if e.ctx.Err() != nil {
			return e.ctx.Err()
		}
	}
	if err := c.page(e, results); err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", " ")
		return enc.Encode(map[string]any{"results": results})
	}
	return printEval(e.stdout, results)
}

// page writes what --html asks for.
func (c *evalCmd) page(e *env, results []*evalResult) error {
	if c.HTML == "" {
		return nil
	}
	page, err := evalPage(results)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.HTML, page, 0o666); err != nil {
		return err
	}
	e.log.Info("wrote " + c.HTML)
	return nil
}

// model measures one model on all sources.
func (c *evalCmd) model(e *env, name string, pick *picker) (*evalResult, error) {
	student, err := c.open(name)
	if err != nil {
		return nil, err
	}
	defer student.Close()
	return c.measure(e, name, student, runtime.Always{Model: student}, pick)
}

// measure measures an open student on all sources, with the class maps that the policy's model makes.
func (c *evalCmd) measure(e *env, name string, student *runtime.Student, policy runtime.Always, pick *picker) (*evalResult, error) {
	palette := student.Metadata().Palette
	r := &evalResult{Model: student.Name(), palette: palette}
	for _, class := range palette.Classes {
		r.Classes = append(r.Classes, class.Name)
	}
	if len(r.Classes) == 0 {
		return nil, usagef("model %q: does not name its classes; say --classes", name)
	}
	if c.HTML != "" {
		r.gallery = new(gallery)
	}
	total := score.New(len(r.Classes))
	for _, source := range c.Sources {
		m := measure{e: e, policy: policy, pool: student.Pool(), pick: pick, source: source, result: r, sum: score.New(len(r.Classes)),
			frame: score.New(len(r.Classes)), ignore: score.Ignore(append(c.Void, palette.Void)...)}
		s, err := c.source(&m)
		if err != nil {
			return nil, err
		}
		r.Sources = append(r.Sources, s)
		r.Total.Frames += s.Frames
		r.Total.Unlabelled += s.Unlabelled
		total.Merge(m.sum)
	}
	r.Total.fill(total, r.Classes)
	return r, nil
}

// source measures one model on one source.
func (c *evalCmd) source(m *measure) (evalScore, error) {
	src, err := openSource(m.source, sourceOptions{labels: c.Labels})
	if err != nil {
		return evalScore{}, err
	}
	defer src.Close()
	m.recording, _ = src.(*replay.Recording)
	picked := &pickedSource{Source: src, pick: m.pick, recording: m.recording}
	m.picked = picked
	m.bar = newProgress(m.e, "frames", sourceLen(src))
	p := runtime.Pipeline{Source: picked, Policy: m.policy, Models: []runtime.Model{m.policy.Model}, Emit: m.emit,
		Frames: c.Limit, Pool: m.pool}
	_, err = p.Run(m.e.ctx)
	m.bar.done()
	if err == nil {
		err = m.e.ctx.Err()
	}
	if err != nil {
		return evalScore{}, err
	}
	switch {
	case m.labelled == 0 && m.unlabelled == 0:
		return evalScore{}, usagef("source %q: none of its frames is among those asked for", m.source)
	case m.labelled == 0 && c.Drift == "":
		return evalScore{}, usagef("source %q: no labels on %d frames%s", m.source, m.unlabelled, m.labelFolders())
	}
	s := evalScore{Source: m.source, Frames: m.labelled, Unlabelled: m.unlabelled}
	s.fill(m.sum, m.result.Classes)
	return s, nil
}

func (s *evalScore) fill(c *score.Confusion, classes []string) {
	all, present := c.Means()
	s.MIoU, s.MIoUPresent, s.Accuracy = 100*all, 100*present, 100*c.Accuracy()
	s.IoU = map[string]*float64{}
	for i, name := range classes {
		s.IoU[name] = nil
		if iou, ok := c.IoU(i); ok {
			iou *= 100
			s.IoU[name] = &iou
		}
	}
	s.Confusion = c.Matrix()
}

// measure is the work on one source with one model.
type measure struct {
	e                    *env
	policy               runtime.Always
	pool                 *pool.Pool
	pick                 *picker
	source               string
	recording            *replay.Recording // nil for other sources
	picked               *pickedSource
	result               *evalResult
	sum, frame           *score.Confusion
	ignore               *score.Ignored
	labelled, unlabelled int
	bar                  progress
}

// emit scores one mask of the colour image's size.
func (m *measure) emit(k *mask.Mask, p *capture.Pair) error {
	m.bar.add(1)
	if len(p.Labels.Pix) == 0 {
		m.unlabelled++
		return nil
	}
	name := m.picked.name(p.Seq)
	if p.Labels.Width != k.Width || p.Labels.Height != k.Height {
		return fmt.Errorf("eval: %s of %q: labels are %d×%d, the colour image is %d×%d", name, m.source,
			p.Labels.Width, p.Labels.Height, k.Width, k.Height)
	}
	m.frame.Reset()
	if err := m.frame.Add(p.Labels.Pix, k.Classes, m.ignore); err != nil {
		return fmt.Errorf("eval: %s: %w: classes of %q are %v%s", m.labelFile(p.Seq, name), err, m.result.Model, m.result.Classes, m.labelFolders())
	}
	m.labelled++
	m.sum.Merge(m.frame)
	if m.result.gallery != nil {
		m.result.gallery.offer(m.source, name, m.frame, k, p)
	}
	return nil
}

func printEvalLine(s *evalScore, classes []string) string {
	line := fmt.Sprintf("%d\t%.2f\t%.2f\t%.2f", s.Frames, s.MIoU, s.MIoUPresent, s.Accuracy)
	for _, name := range classes {
		if iou := s.IoU[name]; iou != nil {
			line += fmt.Sprintf("\t%.2f", *iou)
		} else {
			line += "\t-"
		}
	}
	return line
}
