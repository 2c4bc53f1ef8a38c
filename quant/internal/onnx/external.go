package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/depthwise/depthwise/quant/internal/onnx/wire"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// external reads tensor data kept beside the model file.
type external struct {
	dir   string // the model's folder, "" when the model has none
	total int64  // bytes read so far

	root  *os.Root
	open  *os.File // the file read last: one at a time, as a model may name any number
	name  string   // of open
	sizes map[string]int64
	limit int64 // the sizes of all files that were named
	parts map[part][]byte
}

// part is a piece of a file that a tensor lies in; tensors may share one.
type part struct {
	name           string
	offset, length int64
}

func (e *external) close() {
	if e.open != nil {
		e.open.Close()
	}
	if e.root != nil {
		e.root.Close()
	}
}

// read returns want bytes at the place that entries name. The file must be a regular file inside the model's folder:
// the operating system is asked to resolve the path under that folder's root, so neither "..", an absolute path nor a
// symbolic link leads out of it.
func (e *external) read(entries []*wire.Entry, want int) ([]byte, error) {
	var location string
	offset, length := int64(0), int64(want)
	for _, kv := range entries {
		var err error
		switch kv.Key {
		case "location":
			location = kv.Value
		case "offset":
			offset, err = strconv.ParseInt(kv.Value, 10, 64)
		case "length":
			length, err = strconv.ParseInt(kv.Value, 10, 64)
		}
		if err != nil {
			return nil, fmt.Errorf("external data: %s %q is not a number", kv.Key, kv.Value)
		}
	}
	switch {
	case e.dir == "":
		return nil, errors.New("external data, but the model was not read from a file")
	case location == "":
		return nil, errors.New("external data without a location")
	case strings.ContainsRune(location, 0):
		return nil, fmt.Errorf("external data %q is no file's name", location)
	case !filepath.IsLocal(filepath.FromSlash(location)):
		return nil, fmt.Errorf("external data %q is outside the model's folder", location)
	case offset < 0 || length != int64(want):
		return nil, fmt.Errorf("external data %q: offset %d length %d, want %d bytes", location, offset, length, want)
	}
	p := part{filepath.FromSlash(location), offset, length}
	if b, known := e.parts[p]; known {
		return b, nil
	}
	if err := e.find(p.name); err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	if size := e.sizes[p.name]; size < offset || size-offset < length {
		return nil, fmt.Errorf("external data %q: no %d bytes at offset %d", location, length, offset)
	}
	if e.total += length; e.total > min(e.limit, maxExternal) {
		return nil, fmt.Errorf("external data: tensors of more than the %d bytes that their files have, or than %d", e.limit, maxExternal)
	}
	b := tensor.Aligned(want)
	if _, err := io.ReadFull(io.NewSectionReader(e.open, offset, length), b); err != nil {
		return nil, fmt.Errorf("external data %q: %w", location, err)
	}
	e.parts[p] = b
	return b, nil
}

// find opens a file, if it is not the one read last. It must be a regular one: opening a pipe waits for its writer.
func (e *external) find(name string) (err error) {
	if e.root == nil {
		if e.root, err = os.OpenRoot(e.dir); err != nil {
			return err
		}
		e.sizes, e.parts = map[string]int64{}, map[part][]byte{}
	}
	if e.open != nil && e.name == name {
		return nil
	}
	info, err := e.root.Stat(name)
	if err != nil {
		return err
	}
	size := int64(-1) // nothing fits into what is not a file
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	if _, known := e.sizes[name]; !known {
		e.limit += max(size, 0)
	}
	if e.sizes[name] = size; size < 0 {
		return nil
	}
	if e.open != nil {
		e.open.Close()
	}
	e.name = name
	e.open, err = e.root.Open(name)
	return err
}
