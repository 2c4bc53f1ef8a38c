package synth

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The arm64 code of this package has no fused multiply-add, so it rounds as amd64 does (see doc.go).
func TestNoFusedMultiplyAdd(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for another architecture")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command here to compile for arm64 with")
	}
	cmd := exec.Command(goTool, "build", "-gcflags=-S", ".")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go build for arm64: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "FMULD") {
		t.Fatal("the listing has no float multiplication: it is not this package's assembly")
	}
	fused := regexp.MustCompile(`\((?:[^()]*[/\\])?(\w+\.go:\d+)\)\t(FN?M(?:ADD|SUB)[SD])`)
	seen := map[string]bool{}
	for _, m := range fused.FindAllStringSubmatch(string(out), -1) {
		if at := m[2] + " at " + m[1]; !seen[at] {
			seen[at] = true
			t.Errorf("%s: write float64(x*y) around the product", at)
		}
	}
	if len(seen) == 0 && regexp.MustCompile(`\tFN?M(ADD|SUB)[SD]\t`).Match(out) {
		t.Error("there are fused multiply-adds, of unknown place")
	}
}
