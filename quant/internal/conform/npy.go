package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/depthwise/depthwise/quant"
)

// array is what a .npy file holds: little-endian elements in C order.
type array struct {
	typ   quant.DType
	shape []int
	data  []byte
}

var header = regexp.MustCompile(`'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([^)]*)\)`)

func readNpy(path string) (array, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return array{}, err
	}
	if len(b) < 10 || !bytes.HasPrefix(b, []byte("\x93NUMPY\x01")) {
		return array{}, fmt.Errorf("%s: not a .npy file of version 1", path)
	}
	n := int(binary.LittleEndian.Uint16(b[8:]))
	m := header.FindSubmatch(b[10 : 10+n])
	if m == nil || string(m[2]) == "True" {
		return array{}, fmt.Errorf("%s: header %q", path, b[10:10+n])
	}
	a := array{shape: []int{}, data: b[10+n:]}
	for t, name := range descr {
		if name == string(m[1]) && t != quant.BFloat16 {
			a.typ = t
		}
	}
	for _, s := range strings.Split(string(m[3]), ",") {
		if s = strings.TrimSpace(s); s != "" {
			v, err := strconv.Atoi(s)
			if err != nil {
				return array{}, err
			}
			a.shape = append(a.shape, v)
		}
	}
	return a, nil
}

var descr = map[quant.DType]string{quant.Float32: "<f4", quant.Float64: "<f8", quant.Uint8: "|u1", quant.Int8: "|i1", quant.Uint16: "<u2",
	quant.Int16: "<i2", quant.Uint32: "<u4", quant.Int32: "<i4", quant.Uint64: "<u8", quant.Int64: "<i8", quant.Bool: "|b1", quant.Float16: "<f2",
	quant.BFloat16: "<u2"}

func writeNpy(path string, t *quant.Tensor) error {
	kind := descr[t.Type]
	switch {
	case kind == "" && t.Type.Size() == 1:
		kind = "|u1"
	case kind == "":
		return fmt.Errorf("output %q is %v, which .npy files lack", t.Name, t.Type)
	}
	dims := ""
	for _, d := range t.Shape {
		dims += strconv.Itoa(d) + ", "
	}
	h := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", kind, strings.TrimSuffix(dims, " "))
	for (10+len(h)+1)%64 != 0 {
		h += " "
	}
	h += "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(h)), byte(len(h)>>8))
	b = append(append(b, h...), t.Bytes()...)
	return os.WriteFile(path, b, 0o644)
}
