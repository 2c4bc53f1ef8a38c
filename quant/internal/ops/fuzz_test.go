package ops_test

import (
	"slices"
	"testing"

	"github.com/depthwise/depthwise/quant/internal/onnx"
	"github.com/depthwise/depthwise/quant/internal/ops"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// draw takes choices from the fuzzer's bytes; when they end, everything is 0.
type draw struct{ b []byte }

func (d *draw) below(n int) int {
	if len(d.b) == 0 {
		return 0
	}
	v := int(d.b[0]) % n
	d.b = d.b[1:]
	return v
}

func (d *draw) ints(n int) []int {
	list := make([]int, d.below(n))
	for i := range list {
		list[i] = d.below(9) - 2
	}
	return list
}

// attribute is a value of the kind that operators give the name.
func (d *draw) attribute(name string) onnx.Attr {
	switch name {
	case "mode", "padding_mode", "coordinate_transformation_mode", "nearest_mode", "auto_pad", "reduction", "equation":
		words := []string{"nearest", "linear", "cubic", "bilinear", "reflect", "edge", "wrap", "constant", "zeros", "border",
			"reflection", "align_corners", "half_pixel", "asymmetric", "tf_crop_and_resize", "floor", "ceil", "SAME_UPPER",
			"SAME_LOWER", "VALID", "add", "mul", "DCR", "CRD", "ij,jk->ik", "...ii->...i", "bij,bkj", "i,j->ij"}
		return words[d.below(len(words))]
	case "alpha", "beta", "epsilon", "extrapolation_value":
		return float32(d.below(7)) / 2
	case "axes", "kernel_shape", "strides", "pads", "dilations", "output_padding", "output_shape", "perm", "split", "starts", "ends":
		return d.ints(6)
	}
	return d.below(9) - 2
}

var attributes = []string{"axis", "axes", "keepdims", "mode", "padding_mode", "coordinate_transformation_mode", "nearest_mode", "auto_pad",
	"reduction", "equation", "alpha", "beta", "kernel_shape", "strides", "pads", "dilations", "output_padding", "output_shape", "perm", "split",
	"group", "ceil_mode", "count_include_pad", "transA", "transB", "blocksize", "batch_dims", "k", "p", "num_groups", "to", "exclusive",
	"reverse", "upper", "largest", "align_corners", "antialias", "exclude_outside", "block_size", "size", "num_outputs", "offset_group",
	"storage_order", "allowzero", "starts", "ends", "time_axis", "batch_axis", "noop_with_empty_axes"}

// Whatever a node says, building it is an implementation or an error, and what was built runs.
func FuzzOperators(f *testing.F) {
	names := ops.Names("")
	slices.Sort(names)
	for i := range names {
		f.Add([]byte{byte(i), 17, 2, 0, 2, 3, 4, 1, 1, 2, 3, 4, 1, 0, 0, 0})
	}
	types := []tensor.DType{tensor.Float32, tensor.Int64, tensor.Uint8, tensor.Int8, tensor.Bool, tensor.Float64, tensor.Int32,
		tensor.Int4, tensor.Uint2, tensor.Float8E4M3FN, tensor.Float4E2M1}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := &draw{b}
		n := &ops.Node{Op: names[d.below(len(names))], Version: 7 + d.below(20), Attrs: onnx.Attrs{}}
		in := make([]*tensor.T, d.below(5))
		for i := range in {
			n.In = append(n.In, nil)
			if d.below(8) == 7 {
				continue
			}
			shape := make([]int, d.below(5))
			for k := range shape {
				shape[k] = d.below(6)
			}
			v, err := tensor.New(types[d.below(len(types))], shape...)
			if err != nil {
				t.Fatal(err)
			}
			size := v.Type.Size()
			for k := range v.Len() { // small numbers, which may be indices, sizes or axes
				switch v.Type {
				case tensor.Float32:
					tensor.View[float32](v)[k] = float32(d.below(9)-2) / 2
				case tensor.Int64:
					tensor.View[int64](v)[k] = int64(d.below(9) - 2)
				case tensor.Int32:
					tensor.View[int32](v)[k] = int32(d.below(9) - 2)
				case tensor.Float64:
					tensor.View[float64](v)[k] = float64(d.below(9) - 2)
				default:
					v.Data[k*size] = byte(d.below(2))
				}
			}
			in[i] = v
			n.In[i] = &ops.Value{Type: v.Type, Shape: v.Shape}
			if d.below(3) > 0 {
				n.In[i].Const = v
			}
		}
		for range d.below(5) {
			name := attributes[d.below(len(attributes))]
			n.Attrs[name] = d.attribute(name)
		}
		n.Outs = 1 + d.below(3)
		impl, err := ops.Build(n)
		if err != nil {
			return
		}
		total, out := 0, make([]*tensor.T, len(impl.Out))
		for i, o := range impl.Out {
			v, err := tensor.Volume(o.Shape)
			if total += v; err != nil || total > 1<<16 {
				return
			}
			if out[i], err = tensor.New(o.Type, o.Shape...); err != nil {
				t.Fatal(err)
			}
		}
		if impl.Units == 0 || impl.Units > 1<<16 || impl.MACs > 1<<22 {
			return
		}
		impl.Run(in, out, 0, impl.Units)
	})
}
