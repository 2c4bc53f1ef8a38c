package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/quant"
)

type inspectCmd struct {
	Model   string   `arg:"" optional:"" help:"A model inside this binary, or an ONNX file; the default one if not given."`
	Graph   bool     `help:"Print the steps after fusion, in the order they run."`
	Dot     bool     `help:"Print the steps as a Graphviz graph."`
	Card    bool     `help:"Print a shipped model's card."`
	JSON    bool     `help:"Print everything as JSON."`
	Input   []string `sep:"none" placeholder:"NAME=SHAPE" help:"Shape of an input whose dimensions the graph leaves open: image=1x4x240x320."`
	Threads int      `short:"t" placeholder:"N" help:"Plan for N threads; one per CPU if not given."`
	Disable []string `placeholder:"NAME" help:"CPU features or kernels to leave unused, as edge doctor names them; simd = all."`
}

// Help is the text below the flags.
func (*inspectCmd) Help() string {
	return `
Shows what a model's file says about itself, its inputs and outputs, the steps that its graph became on this machine,
and the memory that they need.

Examples:

    edge inspect tabletop
    edge inspect student.onnx --graph
    edge inspect student.onnx --dot | dot -Tsvg > student.svg
    edge inspect student.onnx --json | jq .arena
`
}

// inspection is what --json prints.
type inspection struct {
	Model    string            `json:"model"`
	Bytes    int               `json:"bytes"`
	Metadata map[string]string `json:"metadata"`
	Inputs   []inspectTensor   `json:"inputs"`
	Outputs  []inspectTensor   `json:"outputs"`
	MACs     int64             `json:"macs"`
	Arena    quant.Arena       `json:"arena"`
	Steps    []quant.Step      `json:"steps"`
}

type inspectTensor struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []int  `json:"shape"` // in the order of the ONNX graph
}

func (c *inspectCmd) Run(e *env) error {
	file, name, err := modelFile(c.Model)
	if err != nil {
		return err
	}
	if c.Card {
		m, err := models.Open(name)
		if err != nil {
			return usageError{err}
		}
		_, err = e.stdout.Write(m.JSON)
		return err
	}
	shapes, err := parseShapes(c.Input)
	if err != nil {
		return err
	}
	o := quant.Options{Threads: c.Threads, Disable: c.Disable, Shapes: shapes}
	var net *quant.Network
	if _, statErr := os.Stat(name); statErr == nil {
		net, err = quant.Load(name, o)
	} else {
		net, err = quant.Parse(file, o)
	}
	if err != nil {
		return fmt.Errorf("model %q: %w", name, err)
	}
	defer net.Close()
	i := inspection{Model: name, Bytes: len(file), Metadata: net.Metadata(), Inputs: describe(net.Inputs()), Outputs: describe(net.Outputs()),
		MACs: net.MACs(), Arena: net.Arena(), Steps: net.Steps()}
	switch {
	case c.JSON:
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", " ")
		return enc.Encode(i)
	case c.Dot:
		return i.dot(e.stdout)
	case c.Graph:
		return i.graph(e.stdout)
	}
	return i.print(e.stdout)
}

func describe(tensors []*quant.Tensor) []inspectTensor {
	var list []inspectTensor
	for _, t := range tensors {
		list = append(list, inspectTensor{t.Name, t.Type.String(), t.Shape})
	}
	return list
}

func (i *inspection) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "model\t%s, %.2f MB\n", i.Model, float64(i.Bytes)/1e6)
	for _, key := range slices.Sorted(maps.Keys(i.Metadata)) {
		fmt.Fprintf(t, "%s\t%s\n", key, strings.ReplaceAll(i.Metadata[key], "\n", " "))
	}
	for _, in := range i.Inputs {
		fmt.Fprintf(t, "input\t%s %s %v\n", in.Name, in.Type, in.Shape)
	}
	for _, out := range i.Outputs {
		fmt.Fprintf(t, "output\t%s %s %v\n", out.Name, out.Type, out.Shape)
	}
	fmt.Fprintf(t, "work\t%.1f million multiply-accumulates in %d steps\n", float64(i.MACs)/1e6, len(i.Steps))
	fmt.Fprintf(t, "arena\t%.0f KB in %d tensors, no arena below %.0f KB is possible\n",
		float64(i.Arena.Bytes)/1e3, i.Arena.Buffers, float64(i.Arena.LowerBound)/1e3)
	fmt.Fprintf(t, "weights\t%.0f KB packed\n", float64(i.Arena.Weights)/1e3)
	return t.Flush()
}

func (i *inspection) graph(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "STEP\tOP\tSHAPE\tMMAC\tKB\tKERNEL\tNAME")
	for n, s := range i.Steps {
		fmt.Fprintf(t, "%d\t%s\t%v\t%.2f\t%.0f\t%s\t%s\n", n, s.Op, s.Shape, float64(s.MACs)/1e6, float64(s.Bytes)/1e3, s.Kernel, s.Name)
	}
	return t.Flush()
}

// dot writes the steps as a graph: a box per step, an arrow for each result that another step reads.
func (i *inspection) dot(w io.Writer) error {
	var b strings.Builder
	b.WriteString("digraph model {\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];\n")
	for k, in := range i.Inputs {
		fmt.Fprintf(&b, "  in%d [label=%q, shape=ellipse];\n", k, fmt.Sprintf("%s %s %v", in.Name, in.Type, in.Shape))
	}
	for n, s := range i.Steps {
		fmt.Fprintf(&b, "  s%d [label=%q, tooltip=%q];\n", n, fmt.Sprintf("%d %s %v\n%.2f MMAC", n, s.Op, s.Shape, float64(s.MACs)/1e6), s.Name)
		for _, r := range s.Reads {
			fmt.Fprintf(&b, "  s%d -> s%d;\n", r, n)
		}
		for k, in := range i.Inputs {
			if len(s.Reads) == 0 && (len(i.Inputs) == 1 || s.Name == in.Name) {
				fmt.Fprintf(&b, "  in%d -> s%d;\n", k, n)
			}
		}
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}
