package runtime

import (
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/mask"
)

// kinds of fake students.
func fused() *fakeModel { return newFakeModel() }
func rgbOnly() *fakeModel {
	m := newFakeModel()
	m.depth = false
	return m
}
func depthOnly() *fakeModel {
	m := newFakeModel()
	m.blind = true
	return m
}

// TestStudentsChoose has each set of students choose for each state of the cameras.
func TestStudentsChoose(t *testing.T) {
	f, c, d, nano := fused(), rgbOnly(), depthOnly(), fused()
	fine := Health{}
	noDepth := Health{Depth: Half{Trouble: Frozen}}
	noColor := Health{Color: Half{Trouble: Dark}}
	neither := Health{Half{Trouble: Unplugged}, Half{Trouble: Blind}}
	held := Health{Depth: Half{Held: Unplugged}}
	pressed := func() Pressure { return TooHot }
	for name, test := range map[string]struct {
		s    Students
		h    Health
		want Choice
	}{
		"both":                 {Students{Main: f, Color: c, Depth: d}, fine, Choice{Model: f, Mode: mask.Paired}},
		"depth lost":           {Students{Main: f, Color: c, Depth: d}, noDepth, Choice{Model: c, Mode: mask.ColorOnly, Reason: "depth lost: frozen"}},
		"colour lost":          {Students{Main: f, Color: c, Depth: d}, noColor, Choice{Model: d, Mode: mask.DepthOnly, Reason: "colour lost: dark"}},
		"depth held":           {Students{Main: f, Color: c, Depth: d}, held, Choice{Model: c, Mode: mask.ColorOnly, Reason: "depth held back after: unplugged"}},
		"neither":              {Students{Main: f, Color: c, Depth: d}, neither, Choice{Drop: DropUnusable, Reason: "colour lost: unplugged, depth lost: blind"}},
		"depth lost, zeroed":   {Students{Main: f}, noDepth, Choice{Model: f, Mode: mask.ColorOnly, Reason: "depth lost: frozen; no student without it, it is zeroed", ZeroDepth: true}},
		"colour lost, zeroed":  {Students{Main: f, Color: c}, noColor, Choice{Model: f, Mode: mask.DepthOnly, Reason: "colour lost: dark; no student without it, it is zeroed", ZeroColor: true}},
		"required":             {Students{Main: f, Color: c, Depth: d, RequirePaired: true}, noDepth, Choice{Drop: DropUnpaired, Reason: "depth lost: frozen"}},
		"required, colour":     {Students{Main: f, Color: c, Depth: d, RequirePaired: true}, noColor, Choice{Drop: DropUnpaired, Reason: "colour lost: dark"}},
		"required, held":       {Students{Main: f, RequirePaired: true}, held, Choice{Drop: DropUnpaired, Reason: "depth held back after: unplugged"}},
		"required, both":       {Students{Main: f, RequirePaired: true}, fine, Choice{Model: f, Mode: mask.Paired}},
		"colour main":          {Students{Main: c}, noDepth, Choice{Model: c, Mode: mask.ColorOnly, Reason: "the model takes no depth"}},
		"colour main, no eyes": {Students{Main: c}, noColor, Choice{Drop: DropUnusable, Reason: "colour lost: dark"}},
		"colour main, depth":   {Students{Main: c, Depth: d}, noColor, Choice{Model: d, Mode: mask.DepthOnly, Reason: "colour lost: dark"}},
		"depth main, no depth": {Students{Main: d}, noDepth, Choice{Drop: DropUnusable, Reason: "depth lost: frozen"}},
		"pressed":              {Students{Main: f, Nano: nano, Pressure: pressed}, fine, Choice{Model: nano, Mode: mask.Paired, Reason: "over temperature"}},
		"pressed, depth lost":  {Students{Main: f, Nano: nano, Color: c, Pressure: pressed}, noDepth, Choice{Model: c, Mode: mask.ColorOnly, Reason: "depth lost: frozen"}},
		"pressed, colour lost": {Students{Main: f, Nano: nano, Depth: d, Pressure: pressed}, noColor, Choice{Model: d, Mode: mask.DepthOnly, Reason: "colour lost: dark"}},
		"pressed, colour nano": {Students{Main: f, Nano: c, Pressure: pressed}, noDepth, Choice{Model: c, Mode: mask.ColorOnly, Reason: "over temperature"}},
		"pressed, no nano":     {Students{Main: f, Pressure: pressed}, fine, Choice{Model: f, Mode: mask.Paired}},
	} {
		s, err := NewStudents(test.s)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Choose(nil, test.h); got != test.want {
			t.Errorf("%s: %+v\nwant %+v", name, got, test.want)
		}
	}
	for _, wrong := range []Students{{}, {Main: f, Color: f}, {Main: f, Depth: c}, {Main: f, Color: d}} {
		if _, err := NewStudents(wrong); err == nil || !strings.HasPrefix(err.Error(), "runtime: policy: ") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

// survivors runs a source with faults under the policy with checks, and gives a word per frame that was emitted.
func survivors(t *testing.T, s Students, checks Checks, faults ...capturetest.Fault) (modes string, sum *Summary) {
	t.Helper()
	policy, err := NewStudents(s)
	if err != nil {
		t.Fatal(err)
	}
	src := capturetest.Inject(capturetest.NewFake(capturetest.FakeOptions{Pairs: 30}), faults...)
	defer src.Close()
	last := -1
	p := &Pipeline{Source: src, Policy: policy, Models: policy.Models(), Checks: &checks, OnError: Skip,
		Emit: func(m *mask.Mask, p *capture.Pair) error {
			for last++; last < int(m.Seq); last++ {
				modes += "."
			}
			modes += map[mask.Mode]string{mask.Paired: "P", mask.ColorOnly: "C", mask.DepthOnly: "D"}[m.Mode]
			if (m.Mode == mask.Paired) != (m.Reason == "") {
				t.Errorf("frame %d: %s for the reason %q", m.Seq, m.Mode, m.Reason)
			}
			if p.Color.Width != 32 || p.Depth.Width != 32 || len(p.Depth.Pix) != 32*24 || len(p.Color.Pix) != 3*32*24 {
				t.Errorf("frame %d: emitted with %d×%d and %d×%d", m.Seq, p.Color.Width, p.Color.Height, p.Depth.Width, p.Depth.Height)
			}
			return nil
		}}
	sum, err = p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, sum)
	return modes, sum
}

// TestEveryFrameHasAMask loses cameras in a running pipeline. The switch is on the frame of the loss, the way back
// after the hold.
func TestEveryFrameHasAMask(t *testing.T) {
	for name, test := range map[string]struct {
		fault capturetest.Fault
		want  string
		drops Drops
	}{
		"lose depth":  {capturetest.Fault{Kind: capturetest.LoseDepth, At: 5, Count: 6}, "PPPPPCCCCCCCCCCPPPPPPPPPPPPPPP", Drops{}},
		"lose colour": {capturetest.Fault{Kind: capturetest.LoseColor, At: 5, Count: 6}, "PPPPPDDDDDDDDDDPPPPPPPPPPPPPPP", Drops{}},
		"blind":       {capturetest.Fault{Kind: capturetest.Blind, At: 5, Count: 1}, "PPPPPCCCCCPPPPPPPPPPPPPPPPPPPP", Drops{}},
		"dark":        {capturetest.Fault{Kind: capturetest.Dark, At: 5, Count: 1}, "PPPPPDDDDDPPPPPPPPPPPPPPPPPPPP", Drops{}},
		"freeze both": {capturetest.Fault{Kind: capturetest.Freeze, At: 5, Count: 5}, "PPPPPP....PPPPPPPPPPPPPPPPPPPP", Drops{DropUnusable: 4}},
		"wrong size":  {capturetest.Fault{Kind: capturetest.WrongSize, At: 5, Count: 2}, "PPPPP..PPPPPPPPPPPPPPPPPPPPPPP", Drops{DropSize: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range []Students{{Main: fused(), Color: rgbOnly(), Depth: depthOnly()}, {Main: fused()}} {
				modes, sum := survivors(t, s, Checks{Hold: 4}, test.fault)
				if modes != test.want || sum.Drops != test.drops {
					t.Errorf("%s\nwant %s; drops %v", modes, test.want, sum.Drops.Map())
				}
			}
		})
	}
	modes, sum := survivors(t, Students{Main: fused(), Color: rgbOnly(), RequirePaired: true}, Checks{Hold: 4},
		capturetest.Fault{Kind: capturetest.Blind, At: 5, Count: 2})
	if modes != "PPPPP......PPPPPPPPPPPPPPPPPPP" || sum.Drops != (Drops{DropUnpaired: 6}) {
		t.Errorf("pairs required: %s, drops %v", modes, sum.Drops.Map())
	}
}

// TestLostImagesAreZeroed looks at what the main student sees where no other can stand in.
func TestLostImagesAreZeroed(t *testing.T) {
	for _, kind := range []capturetest.Kind{capturetest.LoseDepth, capturetest.Freeze, capturetest.LoseColor, capturetest.Dark} {
		var saw []string
		m := fused()
		m.saw = func(p *capture.Pair) {
			word := ""
			for _, v := range p.Color.Pix {
				if v != 0 {
					word = "colour"
					break
				}
			}
			for _, v := range p.Depth.Pix {
				if v != 0 {
					word += " depth"
					break
				}
			}
			saw = append(saw, word)
		}
		survivors(t, Students{Main: m}, Checks{Hold: -1}, capturetest.Fault{Kind: kind, At: 5, Count: 3})
		want := map[capturetest.Kind]string{capturetest.LoseDepth: "colour", capturetest.LoseColor: " depth", capturetest.Dark: " depth"}[kind]
		if kind == capturetest.Freeze {
			if len(saw) != 28 {
				t.Errorf("frozen: %d frames were worked on", len(saw))
			}
			continue
		}
		for i, w := range saw {
			if lost := i >= 5 && i < 8; lost && w != want || !lost && w != "colour depth" {
				t.Errorf("%v: frame %d shows %q", kind, i, w)
			}
		}
	}
}
