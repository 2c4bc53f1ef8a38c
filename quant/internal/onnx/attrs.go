package onnx

import (
	"fmt"
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Attrs are a node's attributes by name.
type Attrs map[string]Attr

// Attr is one attribute's value: float64-free Go forms of the ONNX kinds that we read.
// One of float32, int, string, []float32, []int, []string, *tensor.T, *Graph.
type Attr any

// Int is an integer attribute, or the default when absent. An attribute of another kind is an error.
func (a Attrs) Int(name string, absent int) (int, error) { return get(a, name, absent) }

// Float is a float attribute, or the default when absent.
func (a Attrs) Float(name string, absent float32) (float32, error) {
	v, err := get(a, name, absent)
	if err == nil && (math.IsNaN(float64(v)) || math.IsInf(float64(v), 0)) && a[name] != nil {
		return v, fmt.Errorf("attribute %q is %v", name, v)
	}
	return v, err
}

// String is a string attribute, or the default when absent.
func (a Attrs) String(name, absent string) (string, error) { return get(a, name, absent) }

// Ints is an integer list attribute, nil when absent.
func (a Attrs) Ints(name string) ([]int, error) { return get[[]int](a, name, nil) }

// Floats is a float list attribute, nil when absent.
func (a Attrs) Floats(name string) ([]float32, error) { return get[[]float32](a, name, nil) }

// Tensor is a tensor attribute, nil when absent.
func (a Attrs) Tensor(name string) (*tensor.T, error) { return get[*tensor.T](a, name, nil) }

// Bool is an integer attribute that must be 0 or 1.
func (a Attrs) Bool(name string, absent bool) (bool, error) {
	d := 0
	if absent {
		d = 1
	}
	v, err := a.Int(name, d)
	if err == nil && v != 0 && v != 1 {
		err = fmt.Errorf("attribute %q is %d, want 0 or 1", name, v)
	}
	return v == 1, err
}

// Graph is a graph attribute, nil when absent.
func (a Attrs) Graph(name string) (*Graph, error) { return get[*Graph](a, name, nil) }

func get[T any](a Attrs, name string, absent T) (T, error) {
	v, ok := a[name]
	if !ok {
		return absent, nil
	}
	t, ok := v.(T)
	if !ok {
		return absent, fmt.Errorf("attribute %q is a %s, want a %s", name, kindName(v), kindName(any(absent)))
	}
	return t, nil
}

func kindName(v any) string {
	switch v := v.(type) {
	case float32:
		return "float"
	case int:
		return "int"
	case string:
		return "string"
	case []float32:
		return "float list"
	case []int:
		return "int list"
	case []string:
		return "string list"
	case *tensor.T:
		return "tensor"
	case *Graph:
		return "graph"
	case refAttr:
		return "reference"
	case refusedAttr:
		return string(v)
	}
	return fmt.Sprintf("%T", v)
}

// refAttr is an attribute of a function's node: the value of the call's attribute of that name.
type refAttr string

// refusedAttr is an attribute of a kind that we don't read: an error only when an operator asks for it.
type refusedAttr string
