// Package models holds the students that ship inside the binary, each with its card.
//
// A student is one ONNX file; everything that the runtime must know to use it stands in the file's own metadata. The
// card is the same and more for people: data, split, seed, scores, limits. `edge inspect NAME` prints it.
//
//	m, err := models.Open("tabletop")
//	if err != nil { … }
//	network, err := quant.Parse(m.ONNX, quant.Options{})
package models
