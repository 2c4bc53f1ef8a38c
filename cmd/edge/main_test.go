package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestMain lets the test binary be edge itself, for the tests that need a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("EDGE_TEST_PROCESS") != "" {
		main()
	}
	os.Exit(m.Run())
}

// needProcesses skips a test where an emulator runs it that the kernel does not know: it cannot start this binary again.
func needProcesses(t *testing.T) {
	t.Helper()
	if err := starts(); errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulator runs this test, and the kernel cannot start its binary by itself")
	} else if err != nil {
		t.Fatal(err)
	}
}

// starts tells whether this binary can be started, which is tried once.
var starts = sync.OnceValue(func() error { return exec.Command(os.Args[0], "-test.run=^$").Run() })

// process is edge with these arguments as a process.
func process(t *testing.T, args ...string) *exec.Cmd {
	needProcesses(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "EDGE_TEST_PROCESS=1")
	return cmd
}

// students are small untrained networks, see runtime/tiny_test.go.
func student(kind string) string {
	return filepath.Join("..", "..", "runtime", "testdata", "students", "tiny-"+kind+".onnx")
}

// edge runs the command line in this process.
func edge(args ...string) (code int, stdout, stderr string) {
	var out, words bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &words)
	return code, out.String(), words.String()
}

// good runs a command line that must succeed, and returns its stdout.
func good(t *testing.T, args ...string) string {
	t.Helper()
	code, out, words := edge(args...)
	if code != exitOK {
		t.Fatalf("edge %s: exit status %d: %s", strings.Join(args, " "), code, words)
	}
	return out
}

// bad runs a command line that must fail with this status and these words on stderr, and nothing on stdout.
func bad(t *testing.T, want int, words []string, args ...string) {
	t.Helper()
	code, out, stderr := edge(args...)
	if code != want || out != "" {
		t.Errorf("edge %s: exit status %d, want %d; stdout %q; stderr %s", strings.Join(args, " "), code, want, out, stderr)
	}
	for _, w := range words {
		if !strings.Contains(stderr, w) {
			t.Errorf("edge %s: stderr lacks %q:\n%s", strings.Join(args, " "), w, stderr)
		}
	}
}

const source = "synth:seed=7,cut=1,width=96,height=72,frames=5"

// recording writes a small labelled recording and returns its folder.
func recording(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "recording")
	good(t, append([]string{"record", source, "-o", dir, "--labels", "-q"}, args...)...)
	return dir
}

func TestHelp(t *testing.T) {
	out := good(t, "--help")
	for _, name := range []string{"run", "record", "eval", "bench", "calibrate", "inspect", "infer", "models", "doctor", "completion", "version"} {
		if !strings.Contains(out, "\n  "+name+" ") {
			t.Errorf("edge --help lacks %s", name)
		}
		help := good(t, name, "--help")
		if name != "version" && !strings.Contains(help, "    edge "+name) && !strings.Contains(help, "edge "+name+" ") {
			t.Errorf("edge %s --help has no example:\n%s", name, help)
		}
	}
	if without := good(t); without != out {
		t.Error("edge alone is not edge --help")
	}
}

func TestUsageErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	early := student("early")
	for _, test := range []struct {
		args  string
		words []string
	}{
		{"fly", []string{"unexpected argument fly", "edge --help"}},
		{"run", []string{"source", "edge run --help"}},
		{"run " + source + " --threads x", []string{"--threads"}},
		{"run camera:0 -m " + early, []string{`no kind "camera"`, "synth:", "replay:"}},
		{"run synth:color=red -m " + early, []string{`"color"`, "seed"}},
		{"run nowhere -m " + early, []string{"no such folder", "synth:"}},
		{"run " + file + " -m " + early, []string{"is a file", "color/"}},
		{"run . -m " + early, []string{"color/", "rgb.txt"}},
		{"run " + source + " -m nobody", []string{`model "nobody"`}},
		{"run " + source + " -m .", []string{"is a folder"}},
		{"run " + source + " -f gif -m " + early, []string{"gif", "ndjson", "y4m"}},
		{"run " + source + " -f png -m " + early, []string{"-o DIR"}},
		{"run " + source + " -o x.gif -m " + early, []string{"--format"}},
		{"run " + source + " --depth near -m " + early, []string{"KIND:NEAR:FAR"}},
		{"run " + source + " --size huge -m " + early, []string{"--size"}},
		{"record " + source, []string{"--output"}},
		{"eval " + source + " --split " + file + "x -m " + early, nil},
		{"infer " + early + " --out o --in a.npy --in b.npy", nil},
		{"bench --threads 0", []string{"--threads"}},
		{"bench --size big", []string{"--size"}},
		{"completion tcsh", []string{"bash"}},
	} {
		want := exitUsage
		if test.words == nil {
			want = exitFailed
		}
		bad(t, want, test.words, strings.Fields(test.args)...)
	}
}

func TestVersion(t *testing.T) {
	if out := good(t, "version"); !strings.HasPrefix(out, "edge ") {
		t.Errorf("got %q", out)
	}
	if out := good(t, "version", "--json"); !strings.Contains(out, `"go":"go1`) {
		t.Errorf("got %q", out)
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := good(t, "completion", shell)
		for _, word := range []string{"record", "format", "y4m-overlay", "synth:"} {
			if !strings.Contains(script, word) {
				t.Errorf("%s: lacks %s", shell, word)
			}
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		cmd := exec.Command(path, "-n")
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s -n: %v: %s", shell, err, out)
		}
	}
}

// TestCompletionInBash asks bash itself what it would complete.
func TestCompletionInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	ask := func(words ...string) string {
		script := good(t, "completion", "bash") + "COMP_WORDS=(edge " + strings.Join(words, " ") + ")\n" +
			"COMP_CWORD=$((${#COMP_WORDS[@]}-1))\n_edge\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
		cmd := exec.Command(bash, "--norc")
		cmd.Stdin = strings.NewReader(script)
		cmd.Stderr = io.Discard
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v", words, err)
		}
		return string(out)
	}
	for _, test := range []struct{ words, want string }{
		{"rec", "record\n"}, {"run --form", "--format\n"}, {"run --format nd", "ndjson\n"}, {"run syn", "synth:\n"},
	} {
		if got := ask(strings.Fields(test.words)...); !strings.Contains(got, test.want) {
			t.Errorf("edge %s: bash completes %q", test.words, got)
		}
	}
}
