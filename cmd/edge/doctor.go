package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/quant"
)

type doctorCmd struct {
	JSON    bool   `help:"Print everything as JSON."`
	Kernels bool   `help:"List every kernel, with the processor's features that it needs."`
	Sysfs   string `default:"/sys" hidden:"" help:"Where temperatures are read."`
	Dev     string `default:"/dev" hidden:"" help:"Where devices are looked for."`
}

// Help is the text below the flags.
func (*doctorCmd) Help() string {
	return `
Says what edge finds on this machine: the processor's features and the kernels that use them, the models inside the
binary, the terminal; and what is missing, with the way to mend it.

Examples:

    edge doctor
    edge doctor --kernels
    edge doctor --json | jq .findings
`
}

// diagnosis is what --json prints.
type diagnosis struct {
	Version  versionInfo    `json:"version"`
	CPU      string         `json:"cpu"`
	CPUs     int            `json:"cpus"`    // logical processors of the machine
	Threads  int            `json:"threads"` // that edge uses
	Features []string       `json:"features"`
	Lacking  []string       `json:"lacking"` // features that kernels of this architecture could use
	Kernels  []quant.Kernel `json:"kernels"`
	PeakGMAC float64        `json:"peak_gmacs"` // one thread
	Models   []string       `json:"models"`
	Cameras  []string       `json:"cameras,omitempty"` // and the libraries that find them, where this binary looks for any
	Videos   []string       `json:"videos,omitempty"`  // video devices of the system, which OpenCV opens
	Celsius  *float64       `json:"celsius,omitempty"` // of the hottest zone
	Lines    []string       `json:"lines,omitempty"`   // of the board, for the --gpio flags of edge run
	Findings []string       `json:"findings"`          // what is missing, and what to do
}

func (c *doctorCmd) Run(e *env) error {
	d, err := c.diagnose(e)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", " ")
		return enc.Encode(d)
	}
	return d.print(e.stdout, c.Kernels)
}

func (c *doctorCmd) diagnose(e *env) (*diagnosis, error) {
	have, _ := quant.Features()
	peak, err := quant.Peak(1, nil)
	if err != nil {
		return nil, err
	}
	d := &diagnosis{Version: readVersion(), CPU: cpuName(), CPUs: goruntime.NumCPU(), Threads: goruntime.GOMAXPROCS(0),
		Features: have, Kernels: quant.Kernels(), PeakGMAC: peak / 1e9, Models: models.List()}
	for _, k := range d.Kernels {
		for _, f := range k.Needs {
			if !slices.Contains(have, f) && !slices.Contains(d.Lacking, f) {
				d.Lacking = append(d.Lacking, f)
			}
		}
	}
	d.Videos, _ = filepath.Glob(filepath.Join(c.Dev, "video[0-9]*"))
	d.Celsius = hottest(c.Sysfs)
	d.findings(e)
	return d, nil
}

// findings says what is missing and what to do about it.
func (d *diagnosis) findings(e *env) {
	add := func(format string, args ...any) { d.Findings = append(d.Findings, fmt.Sprintf(format, args...)) }
	if !slices.ContainsFunc(d.Kernels, func(k quant.Kernel) bool { return k.Have && len(k.Needs) > 0 }) {
		add("no kernel for this processor: networks run in plain Go, right but slow. Kernels here need %s.", strings.Join(d.Lacking, ", "))
	}
	if d.Threads < d.CPUs {
		add("%d of %d processors are used, because GOMAXPROCS, a CPU limit or an affinity mask says so.", d.Threads, d.CPUs)
	}
	if len(d.Models) == 0 {
		add("no model is inside this binary: give edge run one with --model FILE.onnx.")
	}
	if governor, err := os.ReadFile("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"); err == nil {
		if g := strings.TrimSpace(string(governor)); g == "powersave" && goruntime.GOARCH == "arm64" {
			add("the processor's governor is powersave: frames take longer; choose performance for steady times.")
		}
	}
	found, missing := cameras()
	d.Cameras = append(d.Cameras, found...)
	d.Findings = append(d.Findings, missing...)
	if err := initLines(); err != nil {
		add("the drivers of the board's lines do not load: %v.", err)
	}
	d.Lines = lineNames()
	if dir := os.TempDir(); writable(dir) != nil {
		add("%s cannot be written: edge bench measures the cold start there; set TMPDIR.", dir)
	}
	if !isTerminal(e.stdout) {
		return
	}
	if t := terminal(e.stdout); t.Level != 0 {
		add("the terminal does not say that it shows 24-bit colours (COLORTERM=truecolor): the preview uses fewer.")
	}
}

func writable(dir string) error {
	f, err := os.CreateTemp(dir, "edge-doctor-")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

// used is how many kernels this processor uses, and the features that they need.
func (d *diagnosis) used() (n int, features []string) {
	for _, k := range d.Kernels {
		if !k.Have {
			continue
		}
		n++
		for _, f := range k.Needs {
			if !slices.Contains(features, f) {
				features = append(features, f)
			}
		}
	}
	return n, features
}

func (d *diagnosis) print(w io.Writer, kernels bool) error {
	or := func(list []string, none string) string {
		if len(list) == 0 {
			return none
		}
		return strings.Join(list, ", ")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "edge\t%s, %s, %s\n", d.Version.Version, d.Version.Go, d.Version.Platform)
	fmt.Fprintf(t, "processor\t%s, %d threads of %d processors\n", d.CPU, d.Threads, d.CPUs)
	fmt.Fprintf(t, "features\t%s\n", or(d.Features, "none that kernels use"))
	fmt.Fprintf(t, "not here\t%s\n", or(d.Lacking, "nothing that kernels could use"))
	if d.PeakGMAC > 0 {
		fmt.Fprintf(t, "dot products\t%.0f GMAC/s a thread, measured now\n", d.PeakGMAC)
	}
	n, with := d.used()
	fmt.Fprintf(t, "kernels\t%d of %d work here, with %s (--kernels lists them)\n", n, len(d.Kernels), or(with, "plain Go"))
	fmt.Fprintf(t, "models\t%s\n", or(d.Models, "none inside this binary"))
	for i, camera := range d.Cameras {
		fmt.Fprintf(t, "%s\t%s\n", map[bool]string{true: "cameras"}[i == 0], camera)
	}
	if len(d.Videos) > 0 {
		fmt.Fprintf(t, "video\t%s: opencv:0 and so on, in a binary built with -tags opencv (docs/cameras.md)\n", strings.Join(d.Videos, ", "))
	} else {
		fmt.Fprintf(t, "video\tno video device is attached\n")
	}
	if d.Celsius != nil {
		fmt.Fprintf(t, "heat\t%.0f °C in the hottest zone\n", *d.Celsius)
	} else {
		fmt.Fprintf(t, "heat\tno zone tells its temperature: edge run --max-temp has nothing to go by\n")
	}
	if n := len(d.Lines); n > 0 {
		const shown = 12
		more := ""
		if n > shown {
			more = fmt.Sprintf(" and %d more (--json lists them)", n-shown)
		}
		fmt.Fprintf(t, "lines\t%s%s\n", strings.Join(d.Lines[:min(n, shown)], ", "), more)
	}
	t.Flush()
	if kernels {
		d.printKernels(w)
	}
	if len(d.Findings) == 0 {
		fmt.Fprintln(w, "\nnothing is missing that masks need")
	} else {
		fmt.Fprintln(w, "\nfindings")
		for _, f := range d.Findings {
			fmt.Fprintln(w, "  - "+f)
		}
	}
	_, err := io.WriteString(w, nextSteps)
	return err
}

func (d *diagnosis) printKernels(w io.Writer) {
	fmt.Fprintln(w, "\nkernels (* = used here)")
	for _, k := range d.Kernels {
		mark := " "
		if k.Have {
			mark = "*"
		}
		fmt.Fprintf(w, "  %s %s", mark, k.Name)
		if len(k.Needs) > 0 {
			fmt.Fprintf(w, " (%s)", strings.Join(k.Needs, ", "))
		}
		fmt.Fprintln(w)
	}
}

// nextSteps is for whoever has nothing attached yet.
const nextSteps = `
next
  edge run synth:                     masks of the built-in camera: no hardware, no files
  edge run DIR                        of a recording in a folder; FILE.mcap and FILE.bag as well
  edge run realsense:                 of a RealSense camera, in a binary built for it
  edge run --help                     every kind of source, with examples
  edge bench                          how fast this machine is
`
