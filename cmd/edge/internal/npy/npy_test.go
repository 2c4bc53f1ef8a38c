package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// file is a .npy file with any header text, so that tests can write what NumPy would not.
func file(version byte, head string, data []byte) []byte {
	b := append([]byte(magic), version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(head)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(head)))
	}
	return append(append(b, head...), data...)
}

func TestRead(t *testing.T) {
	head := func(descr, fortran, shape string) string {
		return fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }   \n", descr, fortran, shape)
	}
	six := []byte{1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0}
	tests := []struct {
		name string
		in   []byte
		want Array
	}{
		{"version 1", file(1, head("|u1", "False", "(2, 3)"), []byte("abcdef")), Array{"|u1", []int{2, 3}, []byte("abcdef")}},
		{"version 2", file(2, head("<i2", "False", "(6,)"), six), Array{"<i2", []int{6}, six}},
		{"version 3", file(3, head("<i2", "False", "(1, 6)"), six), Array{"<i2", []int{1, 6}, six}},
		{"scalar", file(1, head("<f4", "False", "()"), []byte{0, 0, 128, 63}), Array{"<f4", []int{}, []byte{0, 0, 128, 63}}},
		{"empty", file(1, head("<f4", "False", "(0, 7)"), nil), Array{"<f4", []int{0, 7}, nil}},
		{"big-endian", file(1, head(">u2", "False", "(2,)"), []byte{1, 2, 3, 4}), Array{"<u2", []int{2}, []byte{2, 1, 4, 3}}},
		{"fortran", file(1, head("<i2", "True", "(2, 3)"), six),
			Array{"<i2", []int{2, 3}, []byte{1, 0, 3, 0, 5, 0, 2, 0, 4, 0, 6, 0}}},
		{"no last comma", file(1, `{"shape": (1), "descr": "|b1", "fortran_order": False}`, []byte{1}), Array{"|b1", []int{1}, []byte{1}}},
		{"python 2", file(1, head("|u1", "False", "(3L,)"), []byte("abc")), Array{"|u1", []int{3}, []byte("abc")}},
	}
	for _, test := range tests {
		got, err := Read(bytes.NewReader(test.in))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got.Type != test.want.Type || !slices.Equal(got.Shape, test.want.Shape) || !bytes.Equal(got.Data, test.want.Data) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	good := "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }\n"
	for name, test := range map[string]struct{ old, new, want string }{
		"object":      {"'|u1'", "'|O'", `type "|O"`},
		"structured":  {"'|u1'", "[('a', '|u1')]", `missing`},
		"text":        {"|u1", "<U4", `type "<U4"`},
		"order":       {"|u1", "|i4", "no byte order"},
		"extra key":   {"'shape'", "'color': True, 'shape'", `key "color"`},
		"twice":       {"'shape'", "'descr': '|u1', 'shape'", "twice"},
		"missing key": {"'fortran_order': False, ", "", "needs"},
		"negative":    {"(4,)", "(-4,)", "shape"},
		"too large":   {"(4,)", "(2000000000, 2000000000)", "over"},
		"64 bits":     {"(4,)", "(99999999999999999999,)", "shape"},
		"33 dims":     {"(4,)", "(" + strings.Repeat("1,", 33) + ")", "shape"},
		"open quote":  {"'|u1'", "'|u1", "missing"},
		"tail":        {"}", "} x", "after"},
		"boolean":     {"False", "0", "neither"},
	} {
		in := file(1, strings.Replace(good, test.old, test.new, 1), []byte("abcd"))
		if _, err := Read(bytes.NewReader(in)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
	whole := file(1, good, []byte("abcd"))
	for n := range whole {
		if _, err := Read(bytes.NewReader(whole[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: error %v", n, err)
		}
	}
	if _, err := Read(strings.NewReader("PK\x03\x04 a zip file, as .npz is")); err == nil {
		t.Error("a .npz passed as .npy")
	}
	if _, err := Read(bytes.NewReader(file(4, good, nil))); err == nil {
		t.Error("version 4 was read")
	}
	if _, err := Read(bytes.NewReader(append([]byte(magic), 2, 0, 0xff, 0xff, 0xff, 0xff))); err == nil {
		t.Error("a header of 4 GB was accepted")
	}
}

func TestWriteReadsBack(t *testing.T) {
	for _, a := range []Array{
		{"|u1", []int{}, []byte{7}}, {"<f4", []int{2}, make([]byte, 8)}, {"<i8", []int{1, 2, 3, 4}, make([]byte, 192)},
		{"|b1", []int{3, 0}, []byte{}}, {"<f8", []int{100000}, make([]byte, 800000)},
	} {
		var b bytes.Buffer
		if err := Write(&b, a); err != nil {
			t.Fatal(err)
		}
		if at := b.Len() - len(a.Data); at%64 != 0 {
			t.Errorf("%v: data begins at %d", a.Shape, at)
		}
		got, err := Read(&b)
		if err != nil {
			t.Fatal(err)
		}
		if got.Type != a.Type || !slices.Equal(got.Shape, a.Shape) || !bytes.Equal(got.Data, a.Data) {
			t.Errorf("%v came back as %v %v", a.Shape, got.Type, got.Shape)
		}
	}
	for _, a := range []Array{{"|u1", []int{2}, []byte{1}}, {"u1", []int{1}, []byte{1}}, {"<x4", nil, make([]byte, 4)}, {"", nil, nil}} {
		if err := Write(io.Discard, a); err == nil {
			t.Errorf("%v was written", a)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }\n", []byte("abcd")))
	f.Add(file(2, "{'descr': '>f4', 'fortran_order': True, 'shape': (1, 2), }", make([]byte, 8)))
	f.Add(file(3, "{'descr': '<i8', 'fortran_order': False, 'shape': (), }", make([]byte, 8)))
	f.Fuzz(func(t *testing.T, in []byte) {
		a, err := Read(bytes.NewReader(in))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := Write(&b, a); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&b)
		if err != nil {
			t.Fatal(err)
		}
		if a.Type != again.Type || !slices.Equal(a.Shape, again.Shape) || !(len(a.Data) == 0 || reflect.DeepEqual(a.Data, again.Data)) {
			t.Errorf("%v %v became %v %v", a.Type, a.Shape, again.Type, again.Shape)
		}
	})
}
