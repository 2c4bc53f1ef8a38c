package runtime

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/pool"
	"github.com/depthwise/depthwise/quant"
)

// StudentOptions say how a student runs, and supply what its file does not.
type StudentOptions struct {
	Threads int // of preprocessing and inference; below 1 = as many as Go runs at once
	// Pool shares preprocessing and inference in place of Threads of the student's own. Close leaves it open; it must be open
	// as long as the student is.
	Pool    *pool.Pool
	Disable []string // CPU features or kernels to leave unused
	// Folder is where weights outside the model's bytes are looked for; "" = nowhere.
	Folder string
	// Memory is what students that work in turns share; nil = its own.
	Memory *quant.Memory
	// Margin has the student tell how sure it is; see Confidence.
	Margin bool
	// VoidBelow, above 0, makes every pixel void whose confidence is lower; it implies Margin. Confidence begins at ½.
	VoidBelow float64
	// Shapes binds inputs whose dimensions the graph leaves open, by name, in the graph's order.
	Shapes map[string][]int
	MetadataOptions
}

// Student is a quantized segmentation network with what its metadata says. It is a [Model]; one goroutine at a time
// uses it.
type Student struct {
	net   *quant.Network
	meta  Metadata
	o     StudentOptions
	w, h  int // of the input, and so of the class map
	color *quant.Tensor
	depth *quant.Tensor // the same as color when fused
	pre   *Preprocess
	cal   capture.Calibration
	codes []codeOutput // by modality

	sure confidence

	noColor capture.Color // zeros for an input that the student has and does not use
	noDepth capture.Depth
}

var _ Model = (*Student)(nil)

// OpenStudent loads a model file. Weights outside it are looked for in its folder.
func OpenStudent(path string, o StudentOptions) (*Student, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("runtime: open student: %w", err)
	}
	if o.Folder == "" {
		o.Folder = filepath.Dir(path)
	}
	return NewStudent(file, o)
}

// NewStudent loads a model from its bytes, which it does not keep: verifies the hash in its metadata if there is one,
// plans the network, and finds its inputs: one of 4 channels (early fusion), 3 (colour) or 1 (depth), or two of 3 and 1.
func NewStudent(file []byte, o StudentOptions) (*Student, error) {
	if !(o.VoidBelow >= 0 && o.VoidBelow < 1) {
		return nil, fmt.Errorf("runtime: student: void below a confidence of %v: want 0 to 1, without 1", o.VoidBelow)
	}
	net, err := quant.Parse(file, quant.Options{Threads: o.Threads, Pool: o.Pool, NHWC: true, ClassMap: true, Disable: o.Disable, Shapes: o.Shapes,
		Folder: o.Folder, Memory: o.Memory, Margin: o.Margin || o.VoidBelow > 0})
	if err != nil {
		return nil, err
	}
	s := &Student{net: net, o: o, sure: newConfidence(o.VoidBelow)}
	if err := s.bind(file); err != nil {
		net.Close()
		return nil, err
	}
	return s, nil
}

func (s *Student) bind(file []byte) (err error) {
	if s.meta, err = ParseMetadata(s.net.Metadata(), s.o.MetadataOptions); err != nil {
		return err
	}
	if s.meta.SHA256 != "" {
		if err := verifySHA256(file, s.meta.SHA256); err != nil {
			return err
		}
	}
	if err := s.inputs(); err != nil {
		return err
	}
	if s.meta.Width != 0 && (s.meta.Width != s.w || s.meta.Height != s.h) {
		return fmt.Errorf("runtime: student: metadata says an input of %d×%d, the graph has %d×%d", s.meta.Width, s.meta.Height, s.w, s.h)
	}
	if s.depth != nil && s.meta.Depth == (DepthEncoding{}) {
		return errors.New("runtime: student: its metadata has no depth encoding, which its depth input needs: give one")
	}
	out := s.net.Outputs()
	if len(out) == 0 || out[0].Type != quant.Uint8 || len(out[0].Shape) < 2 || len(out[0].Uint8s()) != s.w*s.h {
		return fmt.Errorf("runtime: student: its first output is no class map of %d×%d", s.w, s.h)
	}
	return s.bindCodes(out[1:])
}

// inputs finds colour and depth among the network's inputs by their channels.
func (s *Student) inputs() error {
	for _, in := range s.net.Inputs() {
		if in.Type != quant.Uint8 || len(in.Shape) != 4 || in.Shape[0] != 1 {
			return fmt.Errorf("runtime: student: input %q is %v %v, want uint8 [1, height, width, channels]", in.Name, in.Type, in.Shape)
		}
		h, w, c := in.Shape[1], in.Shape[2], in.Shape[3]
		if s.w != 0 && (w != s.w || h != s.h) {
			return fmt.Errorf("runtime: student: its inputs have two sizes, %d×%d and %d×%d", s.w, s.h, w, h)
		}
		s.w, s.h = w, h
		switch {
		case c == 4 && s.color == nil && s.depth == nil:
			s.color, s.depth = in, in
		case c == 3 && s.color == nil:
			s.color = in
		case c == 1 && s.depth == nil:
			s.depth = in
		default:
			return fmt.Errorf("runtime: student: input %q has %d channels: want one input of 4, or at most one of 3 and one of 1", in.Name, c)
		}
	}
	if s.color == nil && s.depth == nil {
		return errors.New("runtime: student: no input")
	}
	return nil
}

// Metadata is what the file says about itself.
func (s *Student) Metadata() Metadata { return s.meta }

// Network is the planned network.
func (s *Student) Network() *quant.Network { return s.net }

// Pool shares the student's work; see [quant.Network.Pool].
func (s *Student) Pool() *pool.Pool { return s.net.Pool() }

// Name is the metadata's, or "model" where it has none.
func (s *Student) Name() string {
	if s.meta.Name == "" {
		return "model"
	}
	return s.meta.Name
}

// Size of the input and of the class map, pixels.
func (s *Student) Size() (width, height int) { return s.w, s.h }

// UsesColor tells whether the student has a colour input, and was trained to use it.
func (s *Student) UsesColor() bool { return s.color != nil && s.meta.Uses("color") }

// UsesDepth tells whether the student has a depth input, and was trained to use it.
func (s *Student) UsesDepth() bool { return s.depth != nil && s.meta.Uses("depth") }

// Policy takes this student for every frame, and says which modalities it uses.
func (s *Student) Policy() Policy { return Always(mainChoice(s)) }

// Prepare makes the tables for frames of this calibration.
func (s *Student) Prepare(cal capture.Calibration) error {
	if s.pre != nil && cal == s.cal {
		return nil
	}
	o := PreprocessOptions{Width: s.w, Height: s.h, BGR: s.meta.BGR, Pool: s.net.Pool()}
	if s.color != nil {
		o.ColorWidth, o.ColorHeight = cal.Color.Width, cal.Color.Height
	}
	if s.depth != nil {
		o.DepthWidth, o.DepthHeight = cal.Depth.Width, cal.Depth.Height
		o.Depth, o.DepthScale = s.meta.Depth, cal.DepthScale
	}
	pre, err := NewPreprocess(o)
	if err != nil {
		return err
	}
	s.pre, s.cal = pre, cal
	if s.color != nil && !s.UsesColor() {
		s.noColor.Resize(cal.Color.Width, cal.Color.Height)
	}
	if s.depth != nil && !s.UsesDepth() {
		s.noDepth.Resize(cal.Depth.Width, cal.Depth.Height)
	}
	return nil
}

// Preprocess writes the pair into the network's inputs.
func (s *Student) Preprocess(p *capture.Pair) error {
	color, depth := &p.Color, &p.Depth
	if !s.UsesColor() {
		color = &s.noColor
	}
	if !s.UsesDepth() {
		depth = &s.noDepth
	}
	switch {
	case s.pre == nil:
		return errors.New("runtime: student: Preprocess before Prepare")
	case s.color == s.depth:
		return s.pre.Fused(s.color.Uint8s(), color, depth)
	case s.depth == nil:
		return s.pre.Color(s.color.Uint8s(), color)
	case s.color == nil:
		return s.pre.Depth(s.depth.Uint8s(), depth)
	}
	return s.pre.Split(s.color.Uint8s(), s.depth.Uint8s(), color, depth)
}

// Infer runs the network and returns the class map, the network's memory.
func (s *Student) Infer() ([]uint8, error) {
	if err := s.net.Run(); err != nil {
		return nil, err
	}
	classes := s.net.Outputs()[0].Uint8s()
	if margin := s.net.Margin(); margin != nil {
		s.sure.weigh(classes, margin, s.meta.Palette.Void)
	}
	return classes, nil
}

// Confidence is the mean confidence of the last Infer, ½ to 1; 0 without the options Margin and VoidBelow. The
// confidence of a pixel is the softmax between its two best classes, 1/(1 + exp(l₂ − l₁)) of their logits.
func (s *Student) Confidence() float64 { return s.sure.mean }

// Margin is the lead of each pixel's best class in steps of 1/[quant.MarginUnit] logit; nil without the options Margin
// and VoidBelow.
func (s *Student) Margin() []uint8 { return s.net.Margin() }

// Close frees memory, and goroutines that are the student's own. Closing twice is harmless.
func (s *Student) Close() error { return s.net.Close() }

// String describes the student in a line.
func (s *Student) String() string {
	var in []string
	if s.UsesColor() {
		in = append(in, "colour")
	}
	if s.UsesDepth() {
		in = append(in, "depth")
	}
	return fmt.Sprintf("%s, %d×%d from %s", s.Name(), s.w, s.h, strings.Join(in, " and "))
}
