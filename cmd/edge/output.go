package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/depthwise/depthwise/mask"
)

// output is where masks go: a format's encoder, and the file behind it if there is one.
type output struct {
	mask.Encoder
	file *os.File
	full *onFull // nil: errors are the caller's

	folder     bool
	redirected *os.File // stdout, where that is a file
}

// Encode writes a mask, whole or not at all where the output is a file.
func (o *output) Encode(m *mask.Mask, color mask.Image) error {
	if o.full == nil {
		return o.Encoder.Encode(m, color)
	}
	return o.full.write(m.Seq, func() error { return o.Encoder.Encode(m, color) })
}

// shed says what a full disk does: with on, masks that find no room are left out, and runtime.ErrShed tells of each.
// Without, too, a file ends with its last whole mask.
func (o *output) shed(on bool, log *slog.Logger) {
	o.full = &onFull{file: o.file, stream: !o.folder, shed: on, log: log}
	if o.redirected != nil {
		o.full.file = o.redirected
	}
}

// Close ends the stream and the file.
func (o *output) Close() error {
	err := o.Encoder.Close()
	if o.file != nil {
		if e := o.file.Close(); err == nil {
			err = e
		}
	}
	return err
}

func formatNames() []string {
	var names []string
	for _, f := range mask.Formats() {
		names = append(names, f.Name)
	}
	return names
}

// formatOf is the format that a file name's ending stands for.
func formatOf(path string) string {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".pgm", ".pam", ".y4m", ".ndjson", ".raw":
		return ext[1:]
	case ".jsonl":
		return "ndjson"
	case "":
		return "png"
	}
	return ""
}

// chooseFormat settles format and path: what is given, what the path's ending says, the preview on a terminal, else
// ndjson, the one format that carries all a mask knows and that a person can read.
func chooseFormat(format, path string, stdout io.Writer) (mask.Format, error) {
	if format == "" {
		switch {
		case path != "" && path != "-":
			if format = formatOf(path); format == "" {
				return mask.Format{}, usagef("output %q: no format has this ending; say --format, one of %s", path, strings.Join(formatNames(), ", "))
			}
		case isTerminal(stdout):
			format = "preview"
		default:
			format = "ndjson"
		}
	}
	i := slices.IndexFunc(mask.Formats(), func(f mask.Format) bool { return f.Name == format })
	if i < 0 {
		return mask.Format{}, usagef("format %q: unknown; there are:\n%s", format, formatList())
	}
	f := mask.Formats()[i]
	switch {
	case f.Folder && (path == "" || path == "-"):
		return f, usagef("format %q: writes a folder; say which with -o DIR", format)
	case !f.Folder && path == "" && isTerminal(stdout) && format != "preview" && format != "ndjson":
		return f, usagef("format %q: is binary and stdout is a terminal; say -o FILE, or pipe it on", format)
	}
	return f, nil
}

func formatList() string {
	var b strings.Builder
	for _, f := range mask.Formats() {
		b.WriteString("  " + f.Name + strings.Repeat(" ", 16-len(f.Name)) + f.About + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// openOutput opens format f at path, or on stdout.
func openOutput(e *env, f mask.Format, path string, o mask.Options) (*output, error) {
	if f.Name == "preview" {
		o.Terminal = terminal(e.stdout)
	}
	if f.Folder {
		enc, err := mask.NewFolder(path, f.Name, o)
		return &output{Encoder: enc, folder: true}, err
	}
	w := e.stdout
	var file *os.File
	if path != "" && path != "-" {
		var err error
		if file, err = os.Create(path); err != nil {
			return nil, err
		}
		w = file
	}
	enc, err := mask.NewEncoder(w, f.Name, o)
	if err != nil {
		if file != nil {
			file.Close()
		}
		return nil, err
	}
	o2 := &output{Encoder: enc, file: file}
	if stdout, ok := w.(*os.File); ok && file == nil {
		o2.redirected = stdout // what onFull finds to be no file it leaves alone
	}
	return o2, nil
}

// terminal asks the terminal behind w for its size.
func terminal(w io.Writer) mask.Terminal {
	t := mask.Terminal{Level: mask.TerminalLevel(os.Getenv)}
	if f, ok := w.(*os.File); ok {
		t.Size = func() (cols, rows int) {
			cols, rows, _ = term.GetSize(int(f.Fd()))
			return cols, rows
		}
	}
	return t
}
