package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDoctorReadsAsHelp: with nothing attached it says what there is, in a screen, and what to do next.
func TestDoctorReadsAsHelp(t *testing.T) {
	none := t.TempDir()
	out := good(t, "doctor", "--sysfs", none, "--dev", none)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) > 30 || !strings.HasPrefix(lines[len(lines)-1], "  edge bench") {
		t.Errorf("%d lines:\n%s", len(lines), out)
	}
	for _, w := range []string{"\nvideo ", "no video device is attached", "\nheat ", "no zone tells its temperature", "\nnext\n  edge run synth:", "--kernels lists them"} {
		if !strings.Contains(out, w) {
			t.Errorf("lacks %q:\n%s", w, out)
		}
	}
	for _, w := range []string{"error", "panic", "failed", "no such file", "<nil>", "%!"} {
		if strings.Contains(out, w) {
			t.Errorf("has %q:\n%s", w, out)
		}
	}
	if all := good(t, "doctor", "--kernels", "--sysfs", none, "--dev", none); !strings.Contains(all, "\nkernels (* = used here)\n") || strings.Contains(out, "* = used") {
		t.Errorf("with --kernels:\n%s", all)
	}

	some := t.TempDir()
	zone := filepath.Join(some, "class/thermal/thermal_zone0")
	if err := os.MkdirAll(zone, 0o777); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{filepath.Join(zone, "temp"): "48123\n", filepath.Join(some, "video2"): ""} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	out = good(t, "doctor", "--sysfs", some, "--dev", some)
	if !strings.Contains(out, "48 °C in the hottest zone") || !strings.Contains(out, filepath.Join(some, "video2")+": opencv:0") {
		t.Errorf("with a camera and a zone:\n%s", out)
	}
}
