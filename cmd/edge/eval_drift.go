package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/depthwise/depthwise/quant/drift"
	"github.com/depthwise/depthwise/runtime"
)

// driftSource is what --drift takes frames from when no source is named.
const driftSource = "synth:seed=90001,scene=mixed,cut=1,frames=100"

// driftLines is how many layers the text names; --json has all.
const driftLines = 10

// driftResult is what --drift --json prints.
type driftResult struct {
	Results     []*evalResult `json:"results"`     // the float model's, then the quantised one's
	Frames      int           `json:"frames"`      // that both ran on
	Agreement   float64       `json:"agreement"`   // percent of the class maps' pixels, at the models' own size
	ByName      int           `json:"by_name"`     // layers whose tensors were matched by name
	ByPosition  int           `json:"by_position"` // behind the same operator
	Unmatched   int           `json:"unmatched"`   // quantised activations without a float tensor to hold them against
	InputScales []float64     `json:"input_scales"`
	Layers      []drift.Layer `json:"layers"`
}

// drift measures the quantised model as always, then the float one on the same frames, with both side by side inside.
func (c *evalCmd) drift(e *env, pick *picker) error {
	if len(c.Model) == 0 && strings.EqualFold(filepath.Ext(c.Sources[0]), ".onnx") {
		c.Model, c.Sources = c.Sources[:1], c.Sources[1:]
	}
	if len(c.Model) > 1 {
		return usagef("--drift: %d models are quantised ones: want one", len(c.Model))
	}
	if len(c.Sources) == 0 {
		c.Sources = []string{driftSource}
		e.log.Info("no source was named: taking " + driftSource)
	}
	name := strings.Join(c.Model, "")
	student, err := c.open(name)
	if err != nil {
		return err
	}
	defer student.Close()
	pair, err := c.openPair(name)
	if err != nil {
		return err
	}
	defer pair.Close()
	int8, err := c.measure(e, name, student, runtime.Always{Model: student}, pick)
	if err != nil {
		return err
	}
	twin := &floatTwin{Student: student, pair: pair}
	float, err := c.measure(e, name, student, runtime.Always{Model: twin}, pick)
	if err != nil {
		return err
	}
	float.Model = c.Drift
	r := driftResult{Results: []*evalResult{float, int8}, Frames: twin.frames, Unmatched: pair.Unmatched(), InputScales: pair.Scales(),
		Agreement: 100 * float64(twin.same) / float64(max(twin.pixels, 1)), Layers: pair.Layers()}
	for _, l := range r.Layers {
		if l.Match == drift.ByName {
			r.ByName++
		} else {
			r.ByPosition++
		}
	}
	if err := c.page(e, r.Results); err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", " ")
		return enc.Encode(r)
	}
	return r.print(e.stdout)
}

// openPair loads both models with the tensors inside them in sight.
func (c *evalCmd) openPair(name string) (*drift.Pair, error) {
	o, err := c.options()
	if err != nil {
		return nil, err
	}
	var both [2]drift.Model
	for i, name := range []string{c.Drift, name} {
		file, name, err := modelFile(name)
		if err != nil {
			return nil, err
		}
		both[i].File = file
		if _, err := os.Stat(name); err == nil {
			both[i].Folder = filepath.Dir(name)
		}
	}
	return drift.Open(both[0], both[1], drift.Options{Threads: o.Threads, Disable: o.Disable, Shapes: o.Shapes})
}

// floatTwin is the float model with the preprocessing of the student that was made from it. Both run on every frame.
type floatTwin struct {
	*runtime.Student
	pair                 *drift.Pair
	frames, same, pixels int
}

// Infer runs both models on what the student would take and returns the float one's class map.
func (t *floatTwin) Infer() ([]uint8, error) {
	var images [][]byte
	for _, in := range t.Network().Inputs() {
		images = append(images, in.Bytes())
	}
	if err := t.pair.Run(images...); err != nil {
		return nil, err
	}
	float, int8 := t.pair.Classes()
	for i, class := range float {
		if class == int8[i] {
			t.same++
		}
	}
	t.frames++
	t.pixels += len(float)
	return float, nil
}

var _ runtime.Model = (*floatTwin)(nil)

// print writes the comparison for people.
func (r *driftResult) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	float, int8 := &r.Results[0].Total, &r.Results[1].Total
	if float.Frames > 0 {
		fmt.Fprintf(t, "\tframes\tmIoU\tpresent\taccuracy\t%s\t\n", strings.Join(r.Results[0].Classes, "\t"))
		fmt.Fprintf(t, "float\t%s\t\n", printEvalLine(float, r.Results[0].Classes))
		fmt.Fprintf(t, "quantised\t%s\t\n", printEvalLine(int8, r.Results[0].Classes))
		fmt.Fprintf(t, "lost\t\t%.2f\t%.2f\t%.2f\t%s\n", float.MIoU-int8.MIoU, float.MIoUPresent-int8.MIoUPresent,
			float.Accuracy-int8.Accuracy, strings.Repeat("\t", len(r.Results[0].Classes)))
		t.Flush()
	} else {
		fmt.Fprintln(w, "no frame has labels: no mIoU")
	}
	fmt.Fprintf(w, "the class maps agree on %.3f %% of the pixels of %d frames\n", r.Agreement, r.Frames)
	fmt.Fprintf(w, "%d layers matched, %d by name and %d by position; %d quantised tensors have no float one\n\n",
		len(r.Layers), r.ByName, r.ByPosition, r.Unmatched)
	if len(r.Layers) == 0 {
		return nil
	}
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ALONE dB\tSNR dB\tOP\tLAYER")
	for _, l := range r.Layers[:min(driftLines, len(r.Layers))] {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", snr(l.Alone), snr(l.SNR), l.Op, l.Name)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\nALONE is a layer's ratio of signal to noise were it the only quantised one; SNR has the noise of all before it in it")
	return err
}

// snr prints decibels; a tensor without noise has none.
func snr(db *float64) string {
	if db == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", *db)
}
