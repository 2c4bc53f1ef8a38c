package main

import (
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is a bar on stderr while a long command works; nothing where stderr is no terminal, or with --quiet.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress begins a bar of total steps, or a spinner where the total is not known (0).
func newProgress(e *env, what string, total int) progress {
	if e.quiet || !isTerminal(e.stderr) {
		return progress{}
	}
	if total <= 0 {
		total = -1
	}
	return progress{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(e.stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("frames"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100e6),
	)}
}

func (p progress) add(n int) {
	if p.bar != nil {
		p.bar.Add(n)
	}
}

func (p progress) done() {
	if p.bar != nil {
		p.bar.Finish()
	}
}

// isTerminal tells whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}
