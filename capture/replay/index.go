package replay

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// header is the first line of an association file that Depthwise wrote. Its file names are sequence numbers.
const header = "# depthwise recording 1"

// syncMark begins a comment that tells how many pairs above it are safe on the disk.
const syncMark = "# synced "

// stamp is a line of rgb.txt or depth.txt.
type stamp struct {
	time time.Duration
	file string
}

// association is a line of an association file, in the order of its columns.
type association [2]stamp

// index is a parsed index file.
type index[T any] struct {
	lines  []T
	ours   bool    // begins with header
	synced int     // lines that the last syncMark covers
	torn   int     // 1 if the last line has no end, in a file of ours
	bad    []error // lines that could not be parsed, left out
}

// parseIndex reads one line after the other with parse. Empty lines and comments are left out.
func parseIndex[T any](data []byte, parse func(line string) (T, error)) index[T] {
	text := strings.TrimPrefix(string(data), "\ufeff")
	first, _, _ := strings.Cut(text, "\n")
	first = strings.TrimSuffix(first, "\r")
	ix := index[T]{ours: first == header || first == text && text != "" && strings.HasPrefix(header, text)}
	for n := 1; text != ""; n++ {
		line, rest, ended := strings.Cut(text, "\n")
		text = rest
		if ix.ours && !ended {
			ix.torn++ // even a line that reads well may have lost the end of its file name
			break
		}
		line = strings.TrimSpace(line)
		if count, ok := strings.CutPrefix(line, syncMark); ok && ix.ours {
			if k, err := strconv.Atoi(count); err == nil && k >= 0 && k <= len(ix.lines) {
				ix.synced = k
			}
		}
		if line == "" || line[0] == '#' {
			continue
		}
		v, err := parse(line)
		if err != nil {
			ix.bad = append(ix.bad, fmt.Errorf("line %d: %w", n, err))
			continue
		}
		ix.lines = append(ix.lines, v)
	}
	return ix
}

// parseStamp reads "time file"; the file's name may hold spaces.
func parseStamp(line string) (stamp, error) {
	i := strings.IndexAny(line, " \t,")
	if i < 0 {
		return stamp{}, errors.New("a timestamp and a file name wanted")
	}
	t, err := parseTime(line[:i])
	if err != nil {
		return stamp{}, err
	}
	file, err := localName(strings.Trim(line[i:], " \t,"))
	return stamp{t, file}, err
}

// parseAssociation reads "time file time file" and whatever follows.
func parseAssociation(line string) (association, error) {
	f := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
	if len(f) < 4 {
		return association{}, fmt.Errorf("%d columns, 4 wanted: time file time file", len(f))
	}
	var a association
	for i := range a {
		var err error
		if a[i].time, err = parseTime(f[2*i]); err != nil {
			return a, err
		}
		if a[i].file, err = localName(f[2*i+1]); err != nil {
			return a, err
		}
	}
	return a, nil
}

// localName refuses names that leave the recording.
func localName(name string) (string, error) {
	name = strings.TrimPrefix(filepath.ToSlash(name), "./")
	if name == "" {
		return "", errors.New("a file name wanted")
	}
	if len(name) > 4096 || strings.ContainsRune(name, 0) || !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("file name %.80q is not inside the recording", name)
	}
	return name, nil
}

// parseTime reads seconds with a decimal fraction exactly; digits after the ninth are cut off. Exponents are read as
// the nearest float64.
func parseTime(s string) (time.Duration, error) {
	bad := fmt.Errorf("%.40q is no time in seconds", s)
	t := strings.TrimPrefix(s, "+")
	negative := strings.HasPrefix(t, "-")
	t = strings.TrimPrefix(t, "-")
	if strings.ContainsAny(t, "eE") {
		f, err := strconv.ParseFloat(t, 64)
		if err != nil || !(f >= 0 && f < math.MaxInt64/1e9) {
			return 0, bad
		}
		t = strconv.FormatFloat(f, 'f', 9, 64)
	}
	whole, frac, _ := strings.Cut(t, ".")
	if whole == "" && frac == "" {
		return 0, bad
	}
	var sec, ns uint64
	var err error
	if whole != "" {
		if sec, err = strconv.ParseUint(whole, 10, 64); err != nil || sec >= math.MaxInt64/1_000_000_000 {
			return 0, bad
		}
	}
	for i := range frac {
		if frac[i] < '0' || frac[i] > '9' {
			return 0, bad
		}
	}
	if frac != "" {
		if ns, err = strconv.ParseUint((frac + "000000000")[:9], 10, 64); err != nil {
			return 0, bad
		}
	}
	d := time.Duration(sec*1_000_000_000 + ns)
	if negative {
		d = -d
	}
	return d, nil
}

// appendTime writes what parseTime reads, to the nanosecond.
func appendTime(b []byte, d time.Duration) []byte {
	u := uint64(d)
	if d < 0 {
		b, u = append(b, '-'), -u
	}
	b = strconv.AppendUint(b, u/1_000_000_000, 10)
	b = append(b, '.')
	frac := strconv.FormatUint(u%1_000_000_000+1_000_000_000, 10)
	return append(b, frac[1:]...)
}
