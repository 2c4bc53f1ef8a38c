package runtime

import (
	"errors"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
)

// Policy chooses, frame by frame, which model works and what the mask says about that choice.
type Policy interface {
	// Choose takes a pair and what the checks say about it. Without checks only an image that did not come is in
	// trouble.
	Choose(p *capture.Pair, h Health) Choice
}

// Choice is a model, and the mode and reason that its mask carries.
type Choice struct {
	Model  Model // nil: no mask
	Mode   mask.Mode
	Reason string
	Drop   Drop // what a frame without a model counts as; 0 with one

	ZeroColor, ZeroDepth bool // the model takes the image, but is to see it black, or without any reading
}

// Always is the policy that takes one model for every frame. A pair that lacks an image which the model takes is
// dropped.
type Always Choice

// Choose returns the one choice.
func (a Always) Choose(_ *capture.Pair, h Health) Choice {
	if h.Color.Trouble != Fine && a.Model.UsesColor() || h.Depth.Trouble != Fine && a.Model.UsesDepth() {
		return Choice{Drop: DropUnpaired, Reason: "the model takes an image that is lost"}
	}
	return Choice(a)
}

// Students is the policy of a run that survives the loss of a camera: the main student while both images can be used,
// and when one is lost, a student that takes only the other. Where there is none, the main student sees the lost image
// as zeros, and the mask says so.
type Students struct {
	Main  Model
	Color Model // takes colour alone; may be nil
	Depth Model // takes depth alone; may be nil
	Nano  Model // a cheap one for when Pressure says so; may be nil

	// RequirePaired drops every frame of which an image is lost.
	RequirePaired bool
	// Pressure tells why the main student is too much just now; nil or NoPressure = it is not.
	Pressure func() Pressure

	paired  Choice
	reasons [2][troubles][2][2]string        // half, trouble, held, zeroed
	both    [troubles][2][troubles][2]string // colour's trouble, held; depth's
}

// NewStudents checks the students and prepares the policy.
func NewStudents(s Students) (*Students, error) {
	switch {
	case s.Main == nil:
		return nil, errors.New("runtime: policy: no main student")
	case s.Color != nil && (!s.Color.UsesColor() || s.Color.UsesDepth()):
		return nil, errors.New("runtime: policy: student " + quoted(s.Color) + " is to stand in when depth is lost, but does not take colour alone")
	case s.Depth != nil && (!s.Depth.UsesDepth() || s.Depth.UsesColor()):
		return nil, errors.New("runtime: policy: student " + quoted(s.Depth) + " is to stand in when colour is lost, but does not take depth alone")
	}
	for half, name := range []string{"colour", "depth"} {
		for t := range troubles {
			lost, back := name+" lost: "+t.String(), name+" held back after: "+t.String()
			s.reasons[half][t] = [2][2]string{{lost, lost + "; no student without it, it is zeroed"}, {back, back + "; no student without it, it is zeroed"}}
		}
	}
	for c := range 2 * troubles {
		for d := range 2 * troubles {
			s.both[c/2][c%2][d/2][d%2] = s.reasons[0][c/2][c%2][0] + ", " + s.reasons[1][d/2][d%2][0]
		}
	}
	s.paired = mainChoice(s.Main)
	return &s, nil
}

// mainChoice is a model for pairs of which both images can be used.
func mainChoice(m Model) Choice {
	c := Choice{Model: m, Mode: modeOf(m)}
	switch {
	case !m.UsesDepth():
		c.Reason = "the model takes no depth"
	case !m.UsesColor():
		c.Reason = "the model takes no colour"
	}
	return c
}

func quoted(m Model) string { return `"` + m.Name() + `"` }

// Models are all that the policy can choose.
func (s *Students) Models() []Model {
	var list []Model
	for _, m := range []Model{s.Main, s.Color, s.Depth, s.Nano} {
		if m != nil {
			list = append(list, m)
		}
	}
	return list
}

// Choose returns the student for a pair.
func (s *Students) Choose(_ *capture.Pair, h Health) Choice {
	color, depth := h.Color.Trusted(), h.Depth.Trusted()
	switch {
	case !color && !depth:
		return Choice{Drop: DropUnusable, Reason: s.neither(h)}
	case s.RequirePaired && !color:
		return Choice{Drop: DropUnpaired, Reason: s.why(0, h.Color, false)}
	case s.RequirePaired && !depth:
		return Choice{Drop: DropUnpaired, Reason: s.why(1, h.Depth, false)}
	}
	if s.Nano != nil && s.Pressure != nil && (color || !s.Nano.UsesColor()) && (depth || !s.Nano.UsesDepth()) {
		if p := s.Pressure(); p != NoPressure {
			return Choice{Model: s.Nano, Mode: modeOf(s.Nano), Reason: p.String()}
		}
	}
	switch {
	case color && depth, color && !s.Main.UsesDepth(), depth && !s.Main.UsesColor():
		return s.paired
	case color && s.Color != nil:
		return Choice{Model: s.Color, Mode: mask.ColorOnly, Reason: s.why(1, h.Depth, false)}
	case depth && s.Depth != nil:
		return Choice{Model: s.Depth, Mode: mask.DepthOnly, Reason: s.why(0, h.Color, false)}
	case color && s.Main.UsesColor():
		return Choice{Model: s.Main, Mode: mask.ColorOnly, Reason: s.why(1, h.Depth, true), ZeroDepth: true}
	case depth && s.Main.UsesDepth():
		return Choice{Model: s.Main, Mode: mask.DepthOnly, Reason: s.why(0, h.Color, true), ZeroColor: true}
	case color:
		return Choice{Drop: DropUnusable, Reason: s.why(1, h.Depth, false)}
	}
	return Choice{Drop: DropUnusable, Reason: s.why(0, h.Color, false)}
}

// why is the reason of a half's loss, in words.
func (s *Students) why(half int, h Half, zeroed bool) string {
	t, held := h.loss()
	zero := 0
	if zeroed {
		zero = 1
	}
	return s.reasons[half][t][held][zero]
}

func (s *Students) neither(h Health) string {
	c, heldC := h.Color.loss()
	d, heldD := h.Depth.loss()
	return s.both[c][heldC][d][heldD]
}

// modeOf is what a model makes its masks from.
func modeOf(m Model) mask.Mode {
	switch {
	case !m.UsesDepth():
		return mask.ColorOnly
	case !m.UsesColor():
		return mask.DepthOnly
	}
	return mask.Paired
}
