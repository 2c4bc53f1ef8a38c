package replay

import (
	"path"
	"strings"
)

// stem is a file's name without folder and extension.
func stem(name string) string {
	base := path.Base(name)
	return strings.TrimSuffix(base, path.Ext(base))
}

// compareNatural orders names as people do: runs of digits by their value, the rest by its letters.
func compareNatural(a, b string) int {
	full := strings.Compare(a, b)
	for a != "" && b != "" {
		da, db := digits(a), digits(b)
		if da > 0 && db > 0 {
			x, y := strings.TrimLeft(a[:da], "0"), strings.TrimLeft(b[:db], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[da:], b[db:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return full
}

// digits is the length of the run of digits that s begins with.
func digits(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// numbers are the runs of digits of s, without leading zeros.
func numbers(s string) []string {
	var out []string
	for s != "" {
		if n := digits(s); n > 0 {
			v := strings.TrimLeft(s[:n], "0")
			if v == "" {
				v = "0"
			}
			out = append(out, v)
			s = s[n:]
		} else {
			s = s[1:]
		}
	}
	return out
}

// keying makes of the stems of one folder the keys by which they find their partners; an empty key finds none.
type keying func(stems []string) []string

// keyings, best first: all numbers of the name, the numbers that are not the same throughout the folder (so that
// "rgb8_17" finds "depth16_17"), the last number, the name itself.
var keyings = []keying{
	func(stems []string) []string {
		return keysOf(stems, func(s string) string { return strings.Join(numbers(s), "_") })
	},
	varying,
	func(stems []string) []string {
		return keysOf(stems, func(s string) string {
			if n := numbers(s); len(n) > 0 {
				return n[len(n)-1]
			}
			return ""
		})
	},
	func(stems []string) []string { return stems },
}

func keysOf(stems []string, key func(string) string) []string {
	out := make([]string, len(stems))
	for i, s := range stems {
		out[i] = key(s)
	}
	return out
}

// varying drops the numbers that all stems share at the same place. It has no keys where stems differ in how many
// numbers they have.
func varying(stems []string) []string {
	out := make([]string, len(stems))
	all := make([][]string, len(stems))
	for i, s := range stems {
		all[i] = numbers(s)
		if len(all[i]) != len(all[0]) {
			return out
		}
	}
	if len(all) == 0 {
		return out
	}
	differs := make([]bool, len(all[0]))
	for _, n := range all {
		for p := range n {
			differs[p] = differs[p] || n[p] != all[0][p]
		}
	}
	for i, n := range all {
		var keep []string
		for p := range n {
			if differs[p] {
				keep = append(keep, n[p])
			}
		}
		out[i] = strings.Join(keep, "_")
	}
	return out
}

// matchNames pairs the files of two folders by name: with the keying that pairs the most. It gives for each of a the
// index in b, or −1, and how many files were left out because an earlier one has the same key.
func matchNames(a, b []string) (partner []int, duplicates int) {
	sa, sb := keysOf(a, stem), keysOf(b, stem)
	best := -1
	for _, k := range keyings {
		p, pairs, dup := matchKeys(k(sa), k(sb))
		if pairs > best {
			best, partner, duplicates = pairs, p, dup
		}
		if pairs == min(len(a), len(b)) {
			break
		}
	}
	return partner, duplicates
}

func matchKeys(ka, kb []string) (partner []int, pairs, duplicates int) {
	in := make(map[string]int, len(kb))
	for i, k := range kb {
		if _, ok := in[k]; ok && k != "" {
			duplicates++
		} else if k != "" {
			in[k] = i
		}
	}
	partner = make([]int, len(ka))
	seen := make(map[string]bool, len(ka))
	for i, k := range ka {
		partner[i] = -1
		if k == "" {
			continue
		}
		if seen[k] {
			duplicates++
			continue
		}
		seen[k] = true
		if j, ok := in[k]; ok {
			partner[i] = j
			pairs++
		}
	}
	return partner, pairs, duplicates
}
