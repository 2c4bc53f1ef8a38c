package onnxgo_test

import (
	"fmt"
	"log"

	"gorgonia.org/tensor"

	"github.com/depthwise/depthwise/quant"
	"github.com/depthwise/depthwise/quant/onnxgo"
)

// An int8 network, run by an onnx-go program: one grey image in, bytes [1, 4, H, W]; a class a pixel out.
func Example() {
	backend, err := onnxgo.Load("../testdata/golden/mobilenetv2-classes/model.onnx", quant.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()

	model := backend.Model()
	shape := model.GetInputTensors()[0].Shape()
	pixels := make([]float32, shape.TotalSize())
	for i := range pixels {
		pixels[i] = 90
	}
	if err := model.SetInput(0, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(pixels))); err != nil {
		log.Fatal(err)
	}
	if err := backend.Run(); err != nil {
		log.Fatal(err)
	}
	outputs, err := model.GetOutputTensors()
	if err != nil {
		log.Fatal(err)
	}
	pixelsOf := map[uint8]int{}
	for _, class := range outputs[0].Data().([]uint8) {
		pixelsOf[class]++
	}
	fmt.Println(shape, outputs[0].Shape(), pixelsOf)
	// Output: (1, 4, 32, 48) (1, 32, 48) map[0:267 1:653 2:97 3:519]
}
