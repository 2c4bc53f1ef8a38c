package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/depthwise/depthwise/quant/internal/onnx/wire"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// external reads tensor data kept beside the model file.
type external struct {
	dir   string // the model's folder, "" when the model has none
	total int    // bytes read so far
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
	case !filepath.IsLocal(filepath.FromSlash(location)):
		return nil, fmt.Errorf("external data %q is outside the model's folder", location)
	case offset < 0 || length != int64(want):
		return nil, fmt.Errorf("external data %q: offset %d length %d, want %d bytes", location, offset, length, want)
	}
	if e.total += want; e.total > maxExternal {
		return nil, fmt.Errorf("more than %d bytes of external data", maxExternal)
	}
	root, err := os.OpenRoot(e.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name := filepath.FromSlash(location)
	info, err := root.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() < offset || info.Size()-offset < length {
		return nil, fmt.Errorf("external data %q: no %d bytes at offset %d", location, length, offset)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("external data: %w", err)
	}
	defer f.Close()
	b := tensor.Aligned(want)
	if _, err := io.ReadFull(io.NewSectionReader(f, offset, length), b); err != nil {
		return nil, fmt.Errorf("external data %q: %w", location, err)
	}
	return b, nil
}
