// Command conform runs models for the tests that hold quant against other runtimes. It reads one JSON request a line and
// answers each with one line, so that a test starts it once for thousands of models:
//
//	{"model": "m.onnx", "inputs": {"x": "x.npy"}, "out": "dir", "threads": 2, "nhwc": false}
//	{"outputs": {"y": "dir/0.npy"}, "steps": […], "error": ""}
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/depthwise/depthwise/quant"
)

type request struct {
	Model    string            `json:"model"`
	Inputs   map[string]string `json:"inputs"`
	Shapes   map[string][]int  `json:"shapes"`
	Types    map[string]string `json:"types"` // of inputs whose type .npy files lack: "bfloat16" held as uint16, "int4" as int8, …
	Out      string            `json:"out"`
	Threads  int               `json:"threads"`
	NHWC     bool              `json:"nhwc"`
	ClassMap bool              `json:"class_map"`
	Disable  []string          `json:"disable"`
	Steps    bool              `json:"steps"`
}

type answer struct {
	Outputs map[string]string `json:"outputs"`
	Steps   []quant.Step      `json:"steps,omitempty"`
	Arena   quant.Arena       `json:"arena"`
	Error   string            `json:"error"`
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	dec := json.NewDecoder(in)
	for dec.More() {
		var r request
		if err := dec.Decode(&r); err != nil {
			fmt.Fprintln(os.Stderr, "conform:", err)
			os.Exit(2)
		}
		a, err := serve(r)
		if err != nil {
			a.Error = err.Error()
		}
		if err := out.Encode(a); err != nil {
			os.Exit(1)
		}
	}
}

func serve(r request) (a answer, err error) {
	shapes := r.Shapes
	if shapes == nil {
		shapes = map[string][]int{}
	}
	arrays, values := map[string]array{}, map[string]quant.Value{}
	for name, path := range r.Inputs {
		v, err := readNpy(path)
		if err != nil {
			return a, err
		}
		for t := quant.DType(1); t < 32; t++ {
			if r.Types[name] == t.String() && t.Size() == v.typ.Size() {
				v.typ = t
			}
		}
		arrays[name] = v
		values[name] = quant.Value{Type: v.typ, Shape: v.shape, Data: v.data}
		if _, ok := shapes[name]; !ok && !r.NHWC {
			shapes[name] = v.shape
		}
	}
	net, err := quant.Load(r.Model, quant.Options{Threads: r.Threads, Shapes: shapes, Values: values, NHWC: r.NHWC, ClassMap: r.ClassMap, Disable: r.Disable})
	if err != nil {
		return a, err
	}
	defer net.Close()
	for _, t := range net.Inputs() {
		v, ok := arrays[t.Name]
		if !ok || v.typ != t.Type || len(v.data) != len(t.Bytes()) {
			return a, fmt.Errorf("input %q: %v of %d bytes given, want %v of %d", t.Name, v.typ, len(v.data), t.Type, len(t.Bytes()))
		}
		copy(t.Bytes(), v.data)
	}
	if err := net.Run(); err != nil {
		return a, err
	}
	a.Outputs = map[string]string{}
	for i, t := range net.Outputs() {
		path := filepath.Join(r.Out, fmt.Sprintf("%d.npy", i))
		if err := writeNpy(path, t); err != nil {
			return a, err
		}
		a.Outputs[t.Name] = path
	}
	if r.Steps {
		a.Steps = net.Steps()
	}
	a.Arena = net.Arena()
	return a, nil
}
