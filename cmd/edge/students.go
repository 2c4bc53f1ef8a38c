package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/pool"
	"github.com/depthwise/depthwise/quant"
	"github.com/depthwise/depthwise/runtime"
)

// students are those of a run: the model, and what stands in for it. All share one arena and one pool.
type students struct {
	pool    *pool.Pool
	main    *runtime.Student
	all     []*runtime.Student
	standby []*runtime.Standby // of this binary: loaded when one is needed, or beforehand
	policy  *runtime.Students
}

// Close frees them all.
func (s *students) Close() {
	for _, m := range s.all {
		m.Close()
	}
	for _, m := range s.standby {
		m.Close()
	}
	s.pool.Close()
}

// standIn is a student that is wanted beside the main one.
type standIn struct {
	flag, ending string
	wanted       bool // by its name, without a flag
	takes        func(m *runtime.Student) bool
	to           *runtime.Model

	name  string // "" where there is none
	late  bool   // it is loaded later: it comes with this binary, beside the main one
	model *runtime.Student
	err   error
}

// standby is the student of a stand-in that is loaded later.
func (b *standIn) standby(load func() (*runtime.Student, error)) *runtime.Standby {
	return runtime.NewStandby(runtime.StandbyOptions{Name: b.name, UsesColor: b.ending == "-rgb", UsesDepth: b.ending == "-depth", Load: load})
}

// openStudents loads the model and those that stand in for it, by the flags or by their names, all at the same time. What
// stands in for a lost camera and comes with this binary is known to fit, and is loaded later.
func (c *runCmd) openStudents(e *env) (_ *students, err error) {
	o, err := c.options()
	if err != nil {
		return nil, err
	}
	var memory quant.Memory
	s := &students{pool: pool.New(c.Threads)}
	open := func(name string, o runtime.StudentOptions) (*runtime.Student, error) {
		o.Memory, o.Pool, o.VoidBelow = &memory, s.pool, c.VoidBelow
		return openStudent(name, o)
	}
	p := runtime.Students{RequirePaired: c.Require == "paired"}
	beside := []*standIn{
		{flag: c.RGBStudent, ending: "-rgb", wanted: c.Require != "paired", to: &p.Color,
			takes: func(m *runtime.Student) bool { return m.UsesColor() && !m.UsesDepth() }},
		{flag: c.DepthStudent, ending: "-depth", wanted: c.Require != "paired", to: &p.Depth,
			takes: func(m *runtime.Student) bool { return m.UsesDepth() && !m.UsesColor() }},
		{flag: c.NanoStudent, ending: "-nano", wanted: c.Deadline > 0 || c.MaxTemp > 0, to: &p.Nano,
			takes: func(*runtime.Student) bool { return true }},
	}
	var loading sync.WaitGroup
	for _, b := range beside {
		if b.name = b.flag; b.name == "" && b.wanted {
			b.name = sibling(c.Model, b.ending)
		}
		if b.name == "none" {
			b.name = ""
		}
		b.late = b.flag == "" && b.ending != "-nano" && len(c.Classes) == 0 && slices.Contains(models.List(), b.name)
		if b.name != "" && !b.late {
			loading.Go(func() { b.model, b.err = open(b.name, runtime.StudentOptions{Disable: c.Disable}) })
		}
	}
	s.main, err = open(c.Model, o)
	loading.Wait()
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if err == nil {
		s.all = append(s.all, s.main)
	}
	for _, b := range beside {
		if b.model != nil {
			s.all = append(s.all, b.model)
		}
	}
	if err != nil {
		return nil, err
	}
	p.Main = s.main
	whole := s.main.UsesColor() && s.main.UsesDepth()
	for _, b := range beside {
		switch {
		case b.name == "" || b.flag == "" && b.ending != "-nano" && !whole: // it already is a student of one camera
			continue
		case b.late:
			m := b.standby(func() (*runtime.Student, error) { return open(b.name, runtime.StudentOptions{Disable: c.Disable}) })
			s.standby = append(s.standby, m)
			*b.to = m
			continue
		case b.err != nil:
			return nil, b.err
		case !b.takes(b.model):
			err = usagef("model %q: cannot stand in as --%s-student: it takes %s", b.name, strings.TrimPrefix(b.ending, "-"), takes(b.model))
		case !sameClasses(b.model, s.main):
			err = usagef("model %q: cannot stand in for %s: it has other classes", b.name, s.main.Name())
		default:
			*b.to = b.model
			continue
		}
		if b.flag != "" {
			return nil, err
		}
		e.log.Warn(err.Error() + "; it is not used")
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
