package runtime

import (
	"fmt"
	"sync"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
)

// StandbyOptions say what a policy has to know of a student before it is loaded.
type StandbyOptions struct {
	Name      string
	UsesColor bool
	UsesDepth bool
	// Load loads the student. It may be called while other models of the pipeline work, at most once unless it fails.
	Load func() (*Student, error)
}

// Standby is a [Model] for frames that may never come: a student that is loaded by the first of Load and Preprocess, which
// waits for it. A frame's mask is the same whichever that was. Load and Close may be called from any goroutine.
type Standby struct {
	o StandbyOptions

	mu      sync.Mutex // held while the student is loaded
	student *Student
	cal     capture.Calibration // that it is to be prepared for
	wanted  bool                // there is one

	ending sync.Mutex
	closed bool
}

var (
	_ Model = (*Standby)(nil)
	_ Coder = (*Standby)(nil)
)

// NewStandby loads nothing yet.
func NewStandby(o StandbyOptions) *Standby { return &Standby{o: o} }

// Load has the student loaded and prepared when it returns. A student that is not what the options say is an error, and so
// is a Standby that was closed.
func (s *Standby) Load() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.student != nil {
		return nil
	}
	m, err := s.load()
	if err != nil {
		return fmt.Errorf("runtime: standby %q: %w", s.o.Name, err)
	}
	s.ending.Lock()
	defer s.ending.Unlock()
	if s.closed {
		m.Close()
		return fmt.Errorf("runtime: standby %q: is closed", s.o.Name)
	}
	s.student = m
	return nil
}

func (s *Standby) load() (m *Student, err error) {
	defer catch("standby", &err)
	m, err = s.o.Load()
	if err != nil {
		return nil, err
	}
	if m.Name() != s.o.Name || m.UsesColor() != s.o.UsesColor || m.UsesDepth() != s.o.UsesDepth {
		err = fmt.Errorf("is not what was expected: %v", m)
	} else if s.wanted {
		err = m.Prepare(s.cal)
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Prepare is done when the student is loaded.
func (s *Standby) Prepare(cal capture.Calibration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cal, s.wanted = cal, true
	if s.student != nil {
		return s.student.Prepare(cal)
	}
	return nil
}

// Preprocess loads the student if need be.
func (s *Standby) Preprocess(p *capture.Pair) error {
	if err := s.Load(); err != nil {
		return err
	}
	return s.student.Preprocess(p)
}

// Infer is the student's; Preprocess has loaded it.
func (s *Standby) Infer() ([]uint8, error) {
	if s.student == nil {
		return nil, fmt.Errorf("runtime: standby %q: Infer before Preprocess", s.o.Name)
	}
	return s.student.Infer()
}

// Size of the class map in pixels; 0 before the first Preprocess.
func (s *Standby) Size() (width, height int) {
	if s.student == nil {
		return 0, 0
	}
	return s.student.Size()
}

// Name is the student's.
func (s *Standby) Name() string { return s.o.Name }

// UsesColor tells whether the student uses colour.
func (s *Standby) UsesColor() bool { return s.o.UsesColor }

// UsesDepth tells whether the student uses depth.
func (s *Standby) UsesDepth() bool { return s.o.UsesDepth }

// Codes are the student's.
func (s *Standby) Codes(dst []mask.Code) []mask.Code {
	if s.student == nil {
		return dst
	}
	return s.student.Codes(dst)
}

// Confidence is the student's.
func (s *Standby) Confidence() float64 {
	if s.student == nil {
		return 0
	}
	return s.student.Confidence()
}

// Close closes the student, at once or when it has been loaded: it waits for no Load. Closing twice is harmless.
func (s *Standby) Close() error {
	s.ending.Lock()
	defer s.ending.Unlock()
	s.closed = true
	if s.student == nil {
		return nil
	}
	return s.student.Close()
}
