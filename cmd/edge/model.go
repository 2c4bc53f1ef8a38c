package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/runtime"
)

// modelFlags are the flags of the commands that run a student.
type modelFlags struct {
	Threads int      `short:"t" placeholder:"N" help:"Threads of inference; one per CPU if not given."`
	Disable []string `placeholder:"NAME" help:"CPU features or kernels to leave unused, as edge doctor names them; simd = all."`
	Classes []string `placeholder:"NAME" help:"Class names, for a model that does not tell."`
	Depth   string   `placeholder:"KIND:NEAR:FAR" help:"Depth encoding, for a model that does not tell: inverse:0.4:8, metres."`
	Input   []string `sep:"none" placeholder:"NAME=SHAPE" help:"Shape of an input whose dimensions the graph leaves open, in the graph's order: image=1x4x240x320."`
	BGR     bool     `name:"bgr" help:"The model wants blue first and does not tell."`
}

func (f *modelFlags) options() (runtime.StudentOptions, error) {
	o := runtime.StudentOptions{Threads: f.Threads, Disable: f.Disable}
	o.Classes = f.Classes
	var err error
	if o.Shapes, err = parseShapes(f.Input); err != nil {
		return o, err
	}
	if f.BGR {
		o.BGR = &f.BGR
	}
	if f.Depth != "" {
		part := strings.Split(f.Depth, ":")
		if len(part) != 3 {
			return o, usagef("--depth %q: want KIND:NEAR:FAR, such as inverse:0.4:8", f.Depth)
		}
		near, err1 := strconv.ParseFloat(part[1], 64)
		far, err2 := strconv.ParseFloat(part[2], 64)
		if err1 != nil || err2 != nil || part[0] != "inverse" && part[0] != "linear" || !(near > 0 && far > near) {
			return o, usagef("--depth %q: want inverse or linear, and 0 < NEAR < FAR in metres", f.Depth)
		}
		o.Depth = &runtime.DepthEncoding{Kind: part[0], Near: near, Far: far}
	}
	return o, nil
}

// parseShapes reads NAME=1x4x240x320 arguments.
func parseShapes(args []string) (map[string][]int, error) {
	shapes := map[string][]int{}
	for _, arg := range args {
		i := strings.LastIndexByte(arg, '=')
		if i < 1 {
			return nil, usagef("--input %q: want NAME=SHAPE, such as image=1x4x240x320", arg)
		}
		name, shape := arg[:i], []int{}
		if shapes[name] != nil {
			return nil, usagef("--input: two shapes for input %q", name)
		}
		for _, s := range strings.Split(arg[i+1:], "x") {
			d, err := strconv.Atoi(s)
			if err != nil || d < 1 {
				return nil, usagef("--input %q: %q is not a dimension; want NAME=SHAPE, such as image=1x4x240x320", arg, s)
			}
			shape = append(shape, d)
		}
		shapes[name] = shape
	}
	return shapes, nil
}

// open loads the student of this name or file.
func (f *modelFlags) open(name string) (*runtime.Student, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	return openStudent(name, o)
}

// maxModel bounds the size of a model file.
const maxModel = 1 << 30

// modelFile returns the bytes of a shipped model or of a file, and the name that it goes by. An empty name is the
// default.
func modelFile(name string) ([]byte, string, error) {
	shipped := models.List()
	if name == "" {
		if len(shipped) == 0 {
			return nil, "", usagef("no model is inside this binary: say --model FILE.onnx")
		}
		if name = models.Default; !slices.Contains(shipped, name) {
			name = shipped[0]
		}
	}
	if slices.Contains(shipped, name) {
		m, err := models.Open(name)
		return m.ONNX, name, err
	}
	info, err := os.Stat(name)
	switch {
	case os.IsNotExist(err) && len(shipped) == 0:
		return nil, "", usagef("model %q: no such file, and no model is inside this binary", name)
	case os.IsNotExist(err):
		return nil, "", usagef("model %q: no such file, and none of the models inside this binary: %s", name, strings.Join(shipped, ", "))
	case err != nil:
		return nil, "", err
	case info.IsDir():
		return nil, "", usagef("model %q: is a folder, not an ONNX file", name)
	case info.Size() > maxModel:
		return nil, "", fmt.Errorf("model %q: %d bytes, the limit is %d", name, info.Size(), maxModel)
	}
	file, err := os.ReadFile(name)
	return file, name, err
}
