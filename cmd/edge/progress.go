package main

import (
	"bytes"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress is a bar on stderr while a long command works; nothing where stderr is no terminal, or with --quiet.
type progress struct {
	screen *mpb.Progress
	bar    *mpb.Bar
}

// newProgress begins a bar of total steps, or a spinner where the total is not known (0).
func newProgress(e *env, what string, total int) progress {
	if e.quiet || !isTerminal(e.stderr) {
		return progress{}
	}
	return startBar(mpb.WithConsoleWriter(&barLine{out: e.stderr}), what, total)
}

func startBar(on mpb.ContainerOption, what string, total int) progress {
	screen := mpb.New(on, mpb.WithRefreshRate(100*time.Millisecond))
	name, speed := decor.Name(what+" "), decor.AverageSpeed(0, " %.0f frames/s")
	if total <= 0 {
		return progress{screen, screen.New(0, mpb.SpinnerStyle("-", "\\", "|", "/").PositionLeft(), mpb.BarWidth(2),
			mpb.PrependDecorators(name), mpb.AppendDecorators(decor.CurrentNoUnit("%d"), speed))}
	}
	return progress{screen, screen.New(int64(total), mpb.BarStyle(), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(name, decor.CountersNoUnit("%d / %d")),
		mpb.AppendDecorators(speed, decor.AverageETA(decor.ET_STYLE_GO, decor.WC{C: decor.DextraSpace}), decor.Name(" left")))}
}

func (p progress) add(n int) {
	if p.bar != nil {
		p.bar.IncrBy(n)
	}
}

func (p progress) done() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.screen.Wait()
	}
}

// barLine draws the bar over itself on one line, and leaves other lines alone: a warning that came between two drawings
// stays on the screen, where moving up and erasing would take it away.
type barLine struct {
	bytes.Buffer // what is to be drawn, a line
	out          io.Writer
	drawn        int // in characters
}

func (b *barLine) IsTerminal() bool { return true }

// GetTermSize is the terminal's width and height in characters.
func (b *barLine) GetTermSize() (width, height int, err error) {
	return term.GetSize(int(b.out.(interface{ Fd() uintptr }).Fd()))
}

// Flush draws the line.
func (b *barLine) Flush(int) error {
	line := strings.TrimRight(b.String(), "\n")
	b.Reset()
	n := utf8.RuneCountInString(line)
	over := strings.Repeat(" ", max(0, b.drawn-n))
	if b.drawn = n; n == 0 {
		over += "\r"
	}
	_, err := io.WriteString(b.out, "\r"+line+over)
	return err
}

// isTerminal tells whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}
