package main

import (
	"os"
	"strings"
	"testing"
)

// The processor is this process's own choice of the first one it has: a run on it alone, and on one that isn't there.
func TestCPUs(t *testing.T) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	first := strings.FieldsFunc(rest, func(r rune) bool { return r < '0' || r > '9' })[0]
	quiet := []string{"--format", "raw", "-o", t.TempDir() + "/masks", "--model", student("early"), "--quiet"}
	out, err := process(t, append([]string{"run", "synth:frames=2", "--cpus", first}, quiet...)...).CombinedOutput()
	if err != nil {
		t.Errorf("on processor %s: %v: %s", first, err, out)
	}
	cmd := process(t, append([]string{"run", "synth:frames=2", "--cpus", "1023"}, quiet...)...)
	out, err = cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "--cpus 1023") {
		t.Errorf("on processor 1023: %v: %s", err, out)
	}
}
