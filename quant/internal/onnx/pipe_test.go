//go:build unix

package onnx_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/depthwise/depthwise/quant/internal/onnx"
)

// A pipe that nobody writes to is refused, not waited for.
func TestLoadPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	if _, err := onnx.Load(path); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error %v", err)
	}
}
