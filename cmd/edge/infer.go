package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/depthwise/depthwise/cmd/edge/internal/npy"
	"github.com/depthwise/depthwise/quant"
)

type inferCmd struct {
	Model   string   `arg:"" help:"A model inside this binary, or an ONNX file."`
	In      []string `sep:"none" placeholder:"[NAME=]FILE" help:"Input array as .npy; the name may be left out where the model has one input."`
	Out     string   `required:"" placeholder:"DIR" help:"Folder for one .npy per output of the graph."`
	Input   []string `sep:"none" placeholder:"NAME=SHAPE" help:"Shape of an input whose dimensions the graph leaves open: image=1x4x240x320."`
	Threads int      `short:"t" placeholder:"N" help:"Threads; one per CPU if not given."`
	Disable []string `placeholder:"NAME" help:"CPU features or kernels to leave unused, as edge doctor names them; simd = all."`
	JSON    bool     `help:"Print the outputs' names, types, shapes and files as JSON."`
}

// Help is the text below the flags.
func (*inferCmd) Help() string {
	return `
Runs any model that the engine can load, on arrays as NumPy saves them, in the shapes of the ONNX graph. Dimensions that
the graph leaves open are taken from the arrays, or from --input. Where an operator must know at load what an input holds
(a shape, axes, pads), the array's values become part of the network. For work on conformance: the outputs are the graph's own, exactly.

Examples:

    edge infer student.onnx --in frame.npy --out result/
    edge infer two.onnx --in rgb=rgb.npy --in depth=depth.npy --out result/ --threads 1 --disable simd
`
}

// inferOutput is what --json prints of one output.
type inferOutput struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []int  `json:"shape"`
	File  string `json:"file"`
}

func (c *inferCmd) Run(e *env) error {
	file, name, err := modelFile(c.Model)
	if err != nil {
		return err
	}
	in, err := readInputs(c.In)
	if err != nil {
		return err
	}
	net, err := c.load(file, in)
	if err != nil {
		return fmt.Errorf("model %q: %w", name, err)
	}
	defer net.Close()
	for _, t := range net.Inputs() {
		if err := fillInput(t, in[t.Name]); err != nil {
			return err
		}
	}
	if err := net.Run(); err != nil {
		return err
	}
	return c.write(e, net)
}

// readInputs reads the arrays by their names; "" is the name of one without.
func readInputs(args []string) (map[string]*npy.Array, error) {
	in := map[string]*npy.Array{}
	for _, arg := range args {
		name, path := "", arg
		if _, err := os.Stat(arg); err != nil { // a file whose name has a "=" is still a file
			if before, after, ok := strings.Cut(arg, "="); ok {
				name, path = before, after
			}
		}
		if in[name] != nil {
			return nil, usagef("--in: two arrays for input %q", name)
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		a, err := npy.Read(bufio.NewReaderSize(f, 1<<16))
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		in[name] = &a
	}
	return in, nil
}

// npyTypes names the engine's element types as NumPy does.
var npyTypes = map[quant.DType]string{
	quant.Uint8: "|u1", quant.Int8: "|i1", quant.Bool: "|b1", quant.Int32: "<i4", quant.Int64: "<i8", quant.Float32: "<f4",
	quant.Uint16: "<u2", quant.Int16: "<i2", quant.Uint32: "<u4", quant.Uint64: "<u8", quant.Float64: "<f8",
	quant.Float16: "<f2",
}

// engineType is the engine's element type of a NumPy type; Undefined is one that it lacks.
func engineType(numpy string) (t quant.DType) {
	for e, name := range npyTypes {
		if name == numpy {
			t = e
		}
	}
	return t
}

// fillInput copies an array into the network's input after checking type and shape.
func fillInput(t *quant.Tensor, a *npy.Array) error {
	if a == nil {
		return usagef("--in: nothing for input %q, %v %v", t.Name, t.Type, t.Shape)
	}
	if want := npyTypes[t.Type]; a.Type != want {
		return fmt.Errorf("--in: input %q is %v, the array is %s", t.Name, t.Type, a.Type)
	}
	if !slices.Equal(a.Shape, t.Shape) {
		return fmt.Errorf("--in: input %q has shape %v, the array %v", t.Name, t.Shape, a.Shape)
	}
	copy(t.Bytes(), a.Data)
	return nil
}

// write saves the outputs.
func (c *inferCmd) write(e *env, net *quant.Network) error {
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		return err
	}
	var list []inferOutput
	taken := map[string]bool{}
	for _, t := range net.Outputs() {
		descr, ok := npyTypes[t.Type]
		if !ok {
			return fmt.Errorf("output %q: .npy has no type for %v", t.Name, t.Type)
		}
		path := filepath.Join(c.Out, fileName(t.Name, taken)+".npy")
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		err = npy.Write(f, npy.Array{Type: descr, Shape: t.Shape, Data: t.Bytes()})
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, inferOutput{t.Name, t.Type.String(), t.Shape, path})
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(list)
	}
	for _, o := range list {
		e.log.Info(fmt.Sprintf("%s: %s %v in %s", o.Name, o.Type, o.Shape, o.File))
	}
	return nil
}

// fileName is an output's name with everything replaced that a file name should not have, and no name twice.
func fileName(name string, taken map[string]bool) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.':
			return r
		}
		return '_'
	}, name)
	clean = strings.TrimLeft(clean, ".")
	if clean == "" {
		clean = "output"
	}
	unique := clean
	for i := 2; taken[strings.ToLower(unique)]; i++ {
		unique = fmt.Sprintf("%s_%d", clean, i)
	}
	taken[strings.ToLower(unique)] = true
	return unique
}

// load plans the network with the arrays' shapes, and gives an array without a name the name of the only input.
func (c *inferCmd) load(file []byte, in map[string]*npy.Array) (*quant.Network, error) {
	shapes, err := parseShapes(c.Input)
	if err != nil {
		return nil, err
	}
	o := quant.Options{Threads: c.Threads, Disable: c.Disable, Shapes: shapes, Values: map[string]quant.Value{}}
	for name, a := range in {
		if name != "" {
			o.Shapes[name] = a.Shape
			o.Values[name] = quant.Value{Type: engineType(a.Type), Shape: a.Shape, Data: a.Data}
		}
	}
	open := func() (*quant.Network, error) {
		if _, err := os.Stat(c.Model); err == nil {
			return quant.Load(c.Model, o) // a file may have its weights beside it
		}
		return quant.Parse(file, o)
	}
	net, err := open()
	a := in[""]
	if err != nil && a != nil {
		return nil, fmt.Errorf("%w (an open dimension is bound by an array with its input's name: --in NAME=FILE)", err)
	}
	if err != nil || a == nil {
		return net, err
	}
	var free []*quant.Tensor
	for _, t := range net.Inputs() {
		if in[t.Name] == nil {
			free = append(free, t)
		}
	}
	if len(free) != 1 {
		net.Close()
		return nil, usagef("--in: an array without a name, and %d inputs that it could be for", len(free))
	}
	name, shape := free[0].Name, free[0].Shape
	in[name] = a
	delete(in, "")
	if slices.Equal(shape, a.Shape) {
		return net, nil
	}
	net.Close()
	o.Shapes[name] = a.Shape
	return open()
}
