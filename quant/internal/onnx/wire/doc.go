// Package wire holds the protobuf messages of an ONNX file, generated from wire.proto.
//
// To regenerate: protoc 29 or later and protoc-gen-go v1.36.12 on PATH, then go generate.
package wire

//go:generate protoc --go_out=. --go_opt=paths=source_relative wire.proto
