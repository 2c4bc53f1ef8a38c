package main

import (
	"time"

	"github.com/cheggaaa/pb/v3"
	"golang.org/x/term"
)

// progress is a bar on stderr while a long command works; nothing where stderr is no terminal, or with --quiet.
type progress struct{ bar *pb.ProgressBar }

// newProgress begins a bar of total steps, or a spinner where the total is not known (0).
func newProgress(e *env, what string, total int) progress {
	if e.quiet || !isTerminal(e.stderr) {
		return progress{}
	}
	look := `{{string . "what"}} {{counters .}} {{bar .}} {{speed . "%s frames/s"}} {{rtime . "%s left"}}`
	if total <= 0 {
		look = `{{string . "what"}} {{cycle . "-" "\\" "|" "/"}} {{counters .}} {{speed . "%s frames/s"}}`
	}
	bar := pb.New(total).SetTemplateString(look).Set("what", what).SetWriter(e.stderr).SetRefreshRate(100 * time.Millisecond)
	bar.Set(pb.CleanOnFinish, true)
	return progress{bar.Start()}
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
