package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// entry is one pair of a recording: names of files inside its folder, with forward slashes.
type entry struct {
	seq                  uint64
	colorTime, depthTime time.Duration
	clock                capture.Domain
	color, depth, label  string
}

// layout is what a look at a folder's names finds. Empty names are not there.
type layout struct {
	dir                      string
	associations             string // file
	rgbIndex, depthIndex     string // files
	colorFolder, depthFolder string
	labelFolder              string
	found                    []string // the first names in the folder, for messages
}

var labelFolder = regexp.MustCompile(`^(?i)label([0-9]{1,3})$`)

// look lists dir. Names are compared without regard to case.
func look(dir string) (layout, error) {
	l := layout{dir: dir}
	names, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return l, fmt.Errorf("replay: open %q: no such folder: %w", dir, fs.ErrNotExist)
		}
		return l, fmt.Errorf("replay: open %q: %w", dir, plain(err))
	}
	in := map[string]string{}
	classes := -1
	for _, e := range names {
		if name := e.Name(); !strings.HasPrefix(name, ".") {
			l.found = append(l.found, name)
			if low := strings.ToLower(name); in[low] == "" || low == name {
				in[low] = name
			}
			if m := labelFolder.FindStringSubmatch(name); m != nil {
				if n, _ := strconv.Atoi(m[1]); n > classes {
					classes, l.labelFolder = n, name
				}
			}
		}
	}
	first := func(names ...string) string {
		i := slices.IndexFunc(names, func(n string) bool { return in[n] != "" })
		if i < 0 {
			return ""
		}
		return in[names[i]]
	}
	l.associations = first("associations.txt", "associate.txt", "assoc.txt")
	l.rgbIndex, l.depthIndex = first("rgb.txt", "color.txt"), first("depth.txt")
	l.colorFolder, l.depthFolder = first("color", "rgb", "colour"), first("depth")
	if l.labelFolder == "" {
		l.labelFolder = first("labels", "label")
	}
	return l, nil
}

func (l layout) indexed() bool { return l.associations != "" || l.rgbIndex != "" && l.depthIndex != "" }
func (l layout) folders() bool { return l.colorFolder != "" && l.depthFolder != "" }

// Detect tells by the names in dir whether Open has a layout for it: nil, or an error that says what was looked for
// and what is there.
func Detect(dir string) error {
	l, err := look(dir)
	if err != nil {
		return err
	}
	return l.check()
}

func (l layout) check() error {
	if l.indexed() || l.folders() {
		return nil
	}
	there := "the folder is empty"
	if n := len(l.found); n > 0 {
		there = "found " + strings.Join(l.found[:min(n, 6)], ", ")
		if n > 6 {
			there += fmt.Sprintf(" and %d more", n-6)
		}
	}
	return fmt.Errorf("replay: open %q: no recording: looked for color/ (or rgb/) and depth/, "+
		"for rgb.txt and depth.txt, or for associations.txt; %s", l.dir, there)
}
