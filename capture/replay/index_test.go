package replay

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseTime(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"0":                     0,
		"1305031102.175304":     1305031102_175304000,
		"1305031102.175304123":  1305031102_175304123,
		"1.0000000019":          1_000000001, // cut, not rounded
		".5":                    500 * time.Millisecond,
		"5.":                    5 * time.Second,
		"-0.000000001":          -1,
		"+2":                    2 * time.Second,
		"1.3050311021753040e+9": 1305031102_175304000,
		"0.1":                   100 * time.Millisecond,
		"1E-9":                  1,
		"12.5e-3":               12500 * time.Microsecond,
		"000000000000001":       time.Second,
	} {
		if got, err := parseTime(s); err != nil || got != want {
			t.Errorf("%q: %d, want %d; %v", s, got, want, err)
		}
	}
	for _, s := range []string{"", ".", "-", "a", "1.a", "1..2", "1.2.3", "nan", "inf", "1e30", "1e99999999999", "1e", "-e1", "0x10", "1_0", " 1", "--1", "+-1",
		"9223372037", "1305031102175304000", "99999999999999999999", "٣"} {
		if got, err := parseTime(s); err == nil {
			t.Errorf("%q passed for %v", s, got)
		}
	}
}

func TestTimeRoundTrip(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, d time.Duration) {
		got, err := parseTime(string(appendTime(nil, d)))
		if err != nil || got != d {
			t.Fatalf("%d is written %q and read %d, %v", d, appendTime(nil, d), got, err)
		}
	}
	for _, d := range []time.Duration{0, 1, -1, 999_999_999, 1e9, math.MaxInt64, math.MinInt64, math.MinInt64 + 1} {
		check(t, d)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, time.Duration(rapid.Int64().Draw(t, "d"))) })
}

func TestParseStamp(t *testing.T) {
	for line, want := range map[string]stamp{
		"1.5 rgb/1.png":        {1500 * time.Millisecond, "rgb/1.png"},
		"2\trgb/a b.png":       {2 * time.Second, "rgb/a b.png"},
		"3, ./rgb/1.png":       {3 * time.Second, "rgb/1.png"},
		"4,rgb/1.png":          {4 * time.Second, "rgb/1.png"},
		"5   rgb/../rgb/1.png": {5 * time.Second, "rgb/../rgb/1.png"},
	} {
		if got, err := parseStamp(line); err != nil || got != want {
			t.Errorf("%q: %v, %v", line, got, err)
		}
	}
	for _, line := range []string{"1", "x y", "1 ", "1 ../a.png", "1 /etc/passwd", "1 a/../../b", "1 a\x00b", "1 " + strings.Repeat("a", 5000)} {
		if got, err := parseStamp(line); err == nil {
			t.Errorf("%q passed for %v", line, got)
		}
	}
}

func TestParseIndex(t *testing.T) {
	text := "\ufeff# comment\r\n\r\n1 a.png\r\nbad\r\n  2 b.png  \n#3 c.png\n4 d.png"
	ix := parseIndex([]byte(text), parseStamp)
	if len(ix.lines) != 3 || ix.lines[2].file != "d.png" || ix.torn != 0 || ix.ours || len(ix.bad) != 1 || !strings.Contains(ix.bad[0].Error(), "line 4") {
		t.Errorf("%+v", ix)
	}
	whole := header + "\n# synced 0\n1 a 1 b\n# synced 1\n2 c 2 d\n# synced 3\n3 e 3 f"
	two := parseIndex([]byte(whole), parseAssociation)
	if !two.ours || len(two.lines) != 2 || two.torn != 1 || two.synced != 1 || len(two.bad) != 0 {
		t.Errorf("%+v", two)
	}
	if three := parseIndex([]byte(whole+"\n"), parseAssociation); len(three.lines) != 3 || three.torn != 0 {
		t.Errorf("%+v", three)
	}
	if zeros := parseIndex([]byte(whole+"\n\x00\x00\x00\x00"), parseAssociation); len(zeros.lines) != 3 || zeros.torn != 1 {
		t.Errorf("%+v", zeros)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("# rgb\n1305031102.175304 rgb/1305031102.175304.png\n1305031102.211214 rgb/x y.png"))
	f.Add([]byte(header + "\n# synced 1\n0.000000001 rgb/00000000.png 0.0 depth/00000000.png\n# synced 1\n1 rgb/0"))
	f.Add([]byte("1,a,2,b\n-1.5e3 a 2 b c d\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := parseIndex(data, parseStamp)
		a := parseIndex(data, parseAssociation)
		for _, l := range s.lines {
			again, err := parseStamp(string((&entry{}).appendStamp(nil, l.time, l.file)[:]))
			if err == nil && again.time != l.time {
				t.Errorf("%v is read as %v", l, again)
			}
		}
		lines := strings.Count(string(data), "\n") + 1
		if len(s.lines)+len(s.bad)+s.torn > lines || len(a.lines)+len(a.bad)+a.torn > lines || a.synced > len(a.lines) {
			t.Errorf("more than %d lines", lines)
		}
	})
}
