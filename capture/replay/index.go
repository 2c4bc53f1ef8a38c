package replay

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// header is the first line of an association file that Depthwise wrote. Its file names are sequence numbers.
const header = "# depthwise recording 1"

// syncMark begins a comment that tells how many pairs above it are safe on the disk.
const syncMark = "# synced "

// clockMark begins a comment that tells whose clock the times below it are of, in a file of ours.
const clockMark = "# clock "

// clockFrom is such a comment: the number of the first line that it is for.
type clockFrom struct {
	line  int
	clock capture.Domain
}

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
	ours   bool // begins with header
	synced int  // lines that the last syncMark covers
	clocks []clockFrom
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
		if name, ok := strings.CutPrefix(line, clockMark); ok && ix.ours {
			ix.clocks = append(ix.clocks, clockFrom{len(ix.lines), capture.ParseDomain(name)})
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

// parseTime reads seconds with a decimal fraction, and an exponent where there is one, exactly; digits after the ninth
// are cut off.
func parseTime(s string) (time.Duration, error) {
	bad := fmt.Errorf("%.40q is no time in seconds", s)
	t, negative := s, false
	if t != "" && (t[0] == '+' || t[0] == '-') {
		t, negative = t[1:], t[0] == '-'
	}
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(t), "e")
	whole, frac, _ := strings.Cut(mantissa, ".")
	if whole+frac == "" || strings.Trim(whole+frac, "0123456789") != "" {
		return 0, bad
	}
	if scientific {
		e, err := strconv.Atoi(exponent)
		if err != nil || e < -30 || e > 30 {
			return 0, bad
		}
		whole, frac = strings.Repeat("0", 30)+whole, frac+strings.Repeat("0", 30)
		point := len(whole) + e
		whole, frac = (whole + frac)[:point], (whole + frac)[point:]
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > 10 {
		return 0, bad
	}
	sec, _ := strconv.ParseUint("0"+whole, 10, 64)
	ns, _ := strconv.ParseUint((frac + "000000000")[:9], 10, 64)
	switch u := sec*1_000_000_000 + ns; {
	case negative && u <= 1<<63:
		return time.Duration(-u), nil
	case !negative && u < 1<<63:
		return time.Duration(u), nil
	}
	return 0, bad
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
