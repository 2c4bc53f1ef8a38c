// Package depthwise_test holds the architecture as a table, checked against what `go list` finds: which package may
// import which. To change the table is a design decision; CONTRIBUTING.md explains it.
package depthwise_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/depthwise/depthwise"

// rule says what the packages of one folder may import besides the standard library. Names without a dot in their first
// part are folders of this module; a trailing "/..." takes in what is below. The longest folder that matches decides.
type rule struct {
	folder string
	code   string // what the package itself may import
	tests  string // what its tests may import on top
}

const rapid = "pgregory.net/rapid" // property tests

var rules = []rule{
	{"capture", "capture/internal/... internal/pixel pool", rapid + " capture/capturetest"},
	{"capture/...", "capture capture/internal/...", rapid + " capture/capturetest capture/replay"},
	{"capture/replay", "capture capture/internal/... internal/disk github.com/klauspost/compress", rapid + " capture/capturetest capture/synth"},
	{"capture/mcap", "capture capture/internal/... internal/disk github.com/klauspost/compress github.com/pierrec/lz4/v4 google.golang.org/protobuf",
		rapid + " capture/capturetest capture/synth capture/replay github.com/foxglove/mcap/go/mcap"},
	{"capture/rosbag", "capture capture/internal/... github.com/pierrec/lz4/v4", rapid + " capture/capturetest capture/synth capture/replay capture/mcap"},
	{"capture/realsense", "capture capture/internal/... capture/realsense/internal/...", rapid + " capture/capturetest capture/rosbag github.com/ebitengine/purego"},
	{"capture/realsense/internal/...", "capture capture/realsense/internal/... github.com/ebitengine/purego", rapid},            // a C library without cgo
	{"capture/calibrate", "capture", rapid + " capture/capturetest capture/synth capture/replay"},                               // its tests know the truth of synth
	{"capture/opencv", "capture capture/calibrate gocv.io/x/gocv", rapid + " capture/capturetest capture/pairof capture/synth"}, // cgo, behind its tag; what calibrate needs of OpenCV
	{"capture/capturetest", "capture", rapid},
	{"capture/internal/...", "github.com/klauspost/compress capture/internal/... internal/pixel", rapid},

	{"quant", "pool quant/internal/...", rapid + " models"},
	{"quant/internal/...", "pool quant/internal/... google.golang.org/protobuf golang.org/x/sys/cpu", rapid},
	{"quant/drift", "quant quant/internal/onnx quant/internal/tensor", "quant/internal/onnx/onnxtest"},
	{"quant/internal/conform", "quant", ""}, // a command of the tests against other runtimes
	{"quant/onnxgo", "quant quant/internal/... github.com/owulveryck/onnx-go gorgonia.org/tensor gonum.org/v1/gonum google.golang.org/protobuf",
		rapid + " models"},
	{"quant/internal/kernel", "golang.org/x/sys/cpu", rapid},
	{"quant/internal/onnx/...", "quant/internal/onnx/... quant/internal/tensor google.golang.org/protobuf", rapid},

	{"internal/disk", "", rapid},                      // what a full disk is, for every package that writes
	{"internal/pixel", "golang.org/x/sys/cpu", rapid}, // loops over images, for every package that a frame passes through

	{"pool", "", rapid}, // the workers of a frame, for every package that it passes through

	{"mask", "internal/pixel", rapid},
	{"runtime", "capture quant mask internal/pixel pool", rapid + " models capture/synth capture/replay capture/capturetest"},
	// gpio wraps sources to trigger and to be asked by edges; the drivers of boards are cmd/edge's.
	{"gpio", "capture periph.io/x/conn/v3", rapid + " capture/capturetest github.com/jonboulle/clockwork"},
	{"models", "github.com/klauspost/compress", "quant runtime"},

	{"cmd/edge", "capture capture/... internal/disk pool quant quant/drift mask runtime models gpio cmd/edge/internal/... " +
		"periph.io/x/conn/v3 periph.io/x/host/v3 " +
		"github.com/alecthomas/kong github.com/vbauerster/mpb/v8 " +
		"golang.org/x/term golang.org/x/sys", rapid},
	{"cmd/edge/internal/...", "capture capture/... quant mask runtime models cmd/edge/internal/... golang.org/x/sys", rapid},

	{"", "", ""}, // this folder: the table's own test
}

// allowed are the rule's folders and modules that a package may import.
func (r rule) allows(imported string, test bool) bool {
	list := r.code
	if test {
		list += " " + r.tests
	}
	own, isOwn := strings.CutPrefix(imported, module+"/")
	for _, entry := range strings.Fields(list) {
		below, tree := strings.CutSuffix(entry, "/...")
		external := strings.Contains(strings.SplitN(entry, "/", 2)[0], ".")
		switch {
		case external && !isOwn:
			if imported == entry || strings.HasPrefix(imported, entry+"/") {
				return true
			}
		case isOwn && !external:
			if own == entry || tree && strings.HasPrefix(own+"/", below+"/") {
				return true
			}
		}
	}
	return false
}

// ruleFor returns the rule of the longest folder that matches.
func ruleFor(folder string) (best rule, ok bool) {
	length := -1
	for _, r := range rules {
		below, tree := strings.CutSuffix(r.folder, "/...")
		matches := r.folder == folder || tree && strings.HasPrefix(folder, below+"/")
		n := 2 * len(below)
		if !tree {
			n++ // the folder itself beats the tree above it
		}
		if matches && n > length {
			best, ok, length = r, true, n
		}
	}
	return best, ok
}

// listed is what `go list -json` tells about a package.
type listed struct {
	ImportPath, Dir, Name                                        string
	GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
	SFiles, IgnoredOtherFiles                                    []string
}

func (p listed) folder() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

// code are the Go files of every platform and build tag, without tests.
func (p listed) code() []string {
	files := slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles)
	return slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
}

func (p listed) tests() []string {
	files := slices.Concat(p.TestGoFiles, p.XTestGoFiles, p.IgnoredGoFiles)
	return slices.DeleteFunc(files, func(f string) bool { return !strings.HasSuffix(f, "_test.go") })
}

func list(t *testing.T) []listed {
	t.Helper()
	all, err := listOnce()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var listOnce = sync.OnceValues(func() ([]listed, error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Name,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles,SFiles,IgnoredOtherFiles", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	if len(all) < 8 {
		return nil, fmt.Errorf("go list finds %d packages", len(all))
	}
	return all, nil
})

func parse(t *testing.T, p listed, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func imports(f *ast.File) []string {
	var paths []string
	for _, i := range f.Imports {
		paths = append(paths, strings.Trim(i.Path.Value, `"`))
	}
	return paths
}

func standard(imported string) bool {
	return !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".")
}

func TestImportsFollowTheTable(t *testing.T) {
	for _, p := range list(t) {
		r, ok := ruleFor(p.folder())
		if !ok {
			t.Errorf("%s: no rule in the table", p.folder())
			continue
		}
		for _, file := range slices.Concat(p.code(), p.tests()) {
			for _, imported := range imports(parse(t, p, file)) {
				test := strings.HasSuffix(file, "_test.go")
				if standard(imported) || imported == p.ImportPath && test || r.allows(imported, test) {
					continue
				}
				t.Errorf("%s: imports %s, which the table does not allow %q", path.Join(p.folder(), file), imported, r.folder)
			}
		}
	}
}

func TestNamesThatSayNothing(t *testing.T) {
	for _, p := range list(t) {
		for part := range strings.SplitSeq(p.folder(), "/") {
			switch part {
			case "util", "utils", "common", "helper", "helpers", "pkg", "misc", "shared", "base":
				t.Errorf("%s: %q says nothing about what is in there", p.folder(), part)
			}
		}
	}
}

func TestOneRuntimeAFile(t *testing.T) {
	for _, p := range list(t) {
		for _, file := range slices.Concat(p.code(), p.tests()) {
			in := imports(parse(t, p, file))
			if slices.Contains(in, "runtime") && slices.Contains(in, module+"/runtime") {
				t.Errorf("%s: imports the standard library's runtime and ours", path.Join(p.folder(), file))
			}
		}
	}
}

// TestNoWorkAtStart: only kernel dispatch may choose at start, and generated code registers its types.
func TestNoWorkAtStart(t *testing.T) {
	for _, p := range list(t) {
		if p.folder() == "quant/internal/kernel" {
			continue
		}
		for _, file := range p.code() {
			if strings.HasSuffix(file, ".pb.go") {
				continue
			}
			for _, d := range parse(t, p, file).Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					t.Errorf("%s: has an init function", path.Join(p.folder(), file))
				}
			}
		}
	}
}

// TestUnsafeAndAssemblyStayInside: quant/internal and internal/pixel are the only places for either, but for a C library's
// memory in the internal packages of capture/realsense; and nothing needs cgo.
func TestUnsafeAndAssemblyStayInside(t *testing.T) {
	for _, p := range list(t) {
		inside := strings.HasPrefix(p.folder(), "quant/internal/") || p.folder() == "internal/pixel"
		for _, file := range slices.Concat(p.SFiles, p.IgnoredOtherFiles) {
			if !inside && strings.HasSuffix(file, ".s") {
				t.Errorf("%s: assembly outside quant/internal", path.Join(p.folder(), file))
			}
		}
		inside = inside || strings.HasPrefix(p.folder(), "capture/realsense/internal/")
		for _, file := range p.code() {
			in := imports(parse(t, p, file))
			if !inside && slices.Contains(in, "unsafe") {
				t.Errorf("%s: imports unsafe outside quant/internal", path.Join(p.folder(), file))
			}
			if slices.Contains(in, "C") {
				t.Errorf("%s: needs cgo", path.Join(p.folder(), file))
			}
		}
	}
}

// TestBinaryCarriesNoFramework: onnx-go and gorgonia are for programs that import quant/onnxgo, not for edge.
func TestBinaryCarriesNoFramework(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./cmd/edge").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, module+"/quant") {
		t.Fatalf("%d packages, quant is not among them", len(deps))
	}
	for _, d := range deps {
		for _, unwanted := range []string{"github.com/owulveryck/", "gorgonia.org/", "gonum.org/", module + "/quant/onnxgo"} {
			if strings.HasPrefix(d, unwanted) {
				t.Errorf("edge carries %s", d)
			}
		}
	}
}

func TestEveryPackageHasADoc(t *testing.T) {
	for _, p := range list(t) {
		if len(p.code()) == 0 {
			continue
		}
		documented := slices.ContainsFunc(p.code(), func(file string) bool { return parse(t, p, file).Doc != nil })
		if !documented {
			t.Errorf("%s: no package comment", p.folder())
		}
	}
}

// TestTableHasNoDeadRules: a rule for a folder that is gone would be believed.
func TestTableHasNoDeadRules(t *testing.T) {
	used := map[string]bool{}
	for _, p := range list(t) {
		r, _ := ruleFor(p.folder())
		used[r.folder] = true
	}
	for _, r := range rules {
		if !used[r.folder] {
			t.Errorf("rule %q: no package follows it; the others: %v", r.folder, slices.Sorted(maps.Keys(used)))
		}
	}
}
