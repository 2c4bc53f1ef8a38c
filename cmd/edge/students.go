package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/quant"
	"github.com/depthwise/depthwise/runtime"
)

// students are those of a run: the model, and what stands in for it. All share one arena.
type students struct {
	main   *runtime.Student
	all    []*runtime.Student
	policy *runtime.Students
}

// Close frees them all.
func (s *students) Close() {
	for _, m := range s.all {
		m.Close()
	}
}

// openStudents loads the model and those that stand in for it, by the flags or by their names.
func (c *runCmd) openStudents(e *env) (_ *students, err error) {
	s := &students{}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	var memory quant.Memory
	open := func(name string, o runtime.StudentOptions) (*runtime.Student, error) {
		o.Memory, o.VoidBelow = &memory, c.VoidBelow
		m, err := openStudent(name, o)
		if err == nil {
			s.all = append(s.all, m)
		}
		return m, err
	}
	o, err := c.options()
	if err != nil {
		return nil, err
	}
	if s.main, err = open(c.Model, o); err != nil {
		return nil, err
	}
	p := runtime.Students{Main: s.main, RequirePaired: c.Require == "paired"}
	whole := s.main.UsesColor() && s.main.UsesDepth()
	for _, role := range []struct {
		flag, ending string
		wanted       bool // by its name, without a flag
		takes        func(m *runtime.Student) bool
		to           *runtime.Model
	}{
		{c.RGBStudent, "-rgb", whole, func(m *runtime.Student) bool { return m.UsesColor() && !m.UsesDepth() }, &p.Color},
		{c.DepthStudent, "-depth", whole, func(m *runtime.Student) bool { return m.UsesDepth() && !m.UsesColor() }, &p.Depth},
		{c.NanoStudent, "-nano", c.Deadline > 0 || c.MaxTemp > 0, func(*runtime.Student) bool { return true }, &p.Nano},
	} {
		name, given := role.flag, role.flag != ""
		if !given && role.wanted && c.Require != "paired" || !given && role.wanted && role.ending == "-nano" {
			name = sibling(c.Model, role.ending)
		}
		if name == "" || name == "none" {
			continue
		}
		m, err := open(name, runtime.StudentOptions{Threads: c.Threads, Disable: c.Disable})
		if err != nil {
			return nil, err
		}
		switch {
		case !role.takes(m):
			err = usagef("model %q: cannot stand in as --%s-student: it takes %s", name, strings.TrimPrefix(role.ending, "-"), takes(m))
		case !sameClasses(m, s.main):
			err = usagef("model %q: cannot stand in for %s: it has other classes", name, s.main.Name())
		}
		switch {
		case err == nil:
			*role.to = m
		case given:
			return nil, err
		default:
			e.log.Warn(err.Error() + "; it is not used")
		}
	}
	s.policy, err = runtime.NewStudents(p)
	return s, err
}

// openStudent loads a student of this name or file.
func openStudent(name string, o runtime.StudentOptions) (*runtime.Student, error) {
	file, name, err := modelFile(name)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(name); err == nil {
		o.Folder = filepath.Dir(name) // a file may have its weights beside it
	}
	s, err := runtime.NewStudent(file, o)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", name, err)
	}
	return s, nil
}

// sibling is the student that stands beside a model under its name and an ending; "" where there is none.
func sibling(model, ending string) string {
	shipped := models.List()
	if model == "" {
		model = models.Default
	}
	if slices.Contains(shipped, model) {
		if name := model + ending; slices.Contains(shipped, name) {
			return name
		}
		return ""
	}
	name := strings.TrimSuffix(model, ".onnx") + ending + ".onnx"
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return name
	}
	return ""
}

func takes(m *runtime.Student) string {
	switch {
	case !m.UsesDepth():
		return "colour alone"
	case !m.UsesColor():
		return "depth alone"
	}
	return "colour and depth"
}

func sameClasses(a, b *runtime.Student) bool {
	return slices.EqualFunc(a.Metadata().Palette.Classes, b.Metadata().Palette.Classes, func(x, y mask.Class) bool { return x.Name == y.Name }) &&
		a.Metadata().Palette.Void == b.Metadata().Palette.Void
}
