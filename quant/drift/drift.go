package drift

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/depthwise/depthwise/quant"
	"github.com/depthwise/depthwise/quant/internal/onnx"
)

// Model is an ONNX file's bytes, which are kept until Close, and the folder where external data may lie ("" = nowhere).
type Model struct {
	File   []byte
	Folder string
}

// Options say how the two networks run.
type Options struct {
	Threads int              // 0 = one per CPU
	Disable []string         // CPU features or kernels to leave unused
	Shapes  map[string][]int // binds inputs of the quantised network, in ONNX's order; the float one's get the same
}

// Layer is one activation in both networks. Decibels are over all images that ran.
type Layer struct {
	Name      string   `json:"name"`      // the float tensor
	Op        string   `json:"op"`        // what makes it
	Node      string   `json:"node"`      // that node's name
	Quantised string   `json:"quantised"` // the integers in the quantised graph
	Match     string   `json:"match"`     // [ByName] or [ByPosition]
	Shape     []int    `json:"shape"`     // in ONNX's order
	SNR       *float64 `json:"snr_db"`    // nil = no noise at all, or no signal
	Alone     *float64 `json:"alone_db"`  // the same were this layer the only quantised one; nil as SNR
}

// Pair is the two networks. One goroutine at a time may use it.
type Pair struct {
	float, int8  *quant.Network
	alone        *quant.Network // the quantised one, fed with the float one's activations after every place where it stores one
	in           []input
	layers       []Layer
	sites        []site // by layer, as the following are
	ours, theirs []*quant.Tensor
	theirsAlone  []*quant.Tensor
	signal       []float64
	noise, own   []float64
	feeds        []feed
	unmatched    int
}

// feed is a value of the quantised network that is dequantised and read: alone takes the float tensor for it.
type feed struct {
	name string
	to   *quant.Tensor
	from *quant.Tensor
}

// input is one image input of both networks; the float one's values are scale·(byte − zero).
type input struct {
	int8, float *quant.Tensor
	scale, zero float64
}

// Open loads both networks, each with a class map as its first output, and matches their tensors. The quantised one's
// inputs are uint8, channels last; the float one has as many, of the same shapes, uint8 or float32.
func Open(float, int8 Model, o Options) (*Pair, error) {
	f, err := onnx.ParseIn(float.File, float.Folder)
	if err != nil {
		return nil, fmt.Errorf("drift: float model: %w", err)
	}
	q, err := onnx.ParseIn(int8.File, int8.Folder)
	if err != nil {
		return nil, fmt.Errorf("drift: quantised model: %w", err)
	}
	fs, qs := read(f), read(q)
	if len(fs.inputs) != len(qs.inputs) {
		return nil, fmt.Errorf("drift: the float model has %d inputs, the quantised one %d", len(fs.inputs), len(qs.inputs))
	}
	p := &Pair{}
	sites, found := match(fs, qs)
	var mine, theirs []string
	for i, l := range found {
		if l.Name == "" {
			p.unmatched++
			continue
		}
		p.sites, p.layers = append(p.sites, sites[i]), append(p.layers, l)
		mine, theirs = append(mine, l.Name), append(theirs, sites[i].value)
	}
	options := quant.Options{Threads: o.Threads, Disable: o.Disable, NHWC: true, ClassMap: true, Shapes: o.Shapes, Outputs: theirs,
		Folder: int8.Folder}
	if p.int8, err = quant.Parse(int8.File, options); err != nil {
		return nil, fmt.Errorf("drift: quantised model: %w", err)
	}
	options.Outputs, options.Folder, options.Shapes = mine, float.Folder, map[string][]int{}
	for i, t := range p.int8.Inputs() {
		shape := slices.Clone(t.Shape)
		if len(shape) == 4 {
			shape[1], shape[2], shape[3] = t.Shape[3], t.Shape[1], t.Shape[2]
		}
		options.Shapes[fs.counterpart(t.Name, i)] = shape
	}
	if p.float, err = quant.Parse(float.File, options); err != nil {
		p.Close()
		return nil, fmt.Errorf("drift: float model: %w", err)
	}
	if err := p.connect(fs, qs); err != nil {
		p.Close()
		return nil, err
	}
	p.compare()
	options.Shapes, options.Folder = o.Shapes, int8.Folder
	if err := p.isolate(qs, int8.File, options); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// connect pairs the inputs.
func (p *Pair) connect(fs, qs *structure) error {
	for i, t := range p.int8.Inputs() {
		in := input{int8: t}
		name := fs.counterpart(t.Name, i)
		for _, u := range p.float.Inputs() {
			if u.Name == name {
				in.float = u
			}
		}
		u := in.float
		if u == nil {
			return fmt.Errorf("drift: the float model has no input for %q", t.Name)
		}
		if t.Type != quant.Uint8 || u.Type != quant.Uint8 && u.Type != quant.Float32 || !slices.Equal(t.Shape, u.Shape) {
			return fmt.Errorf("drift: input %q is %v %v in the quantised model, %v %v in the float one: want uint8, and float32 or uint8 of that shape",
				t.Name, t.Type, t.Shape, u.Type, u.Shape)
		}
		in.scale, in.zero = qs.transfer(t.Name)
		p.in = append(p.in, in)
	}
	return nil
}

// counterpart is the input of this name, or else of this place.
func (s *structure) counterpart(name string, i int) string {
	if slices.Contains(s.inputs, name) {
		return name
	}
	return s.inputs[i]
}

// transfer reads what an input's bytes mean where they are dequantised; else they are 1/255 each, as images are.
func (s *structure) transfer(input string) (scale, zero float64) {
	for _, n := range s.readers[input] {
		if n.Op != "DequantizeLinear" {
			continue
		}
		if scale, ok := s.number(n.Inputs[1]); ok {
			if len(n.Inputs) > 2 {
				zero, _ = s.number(n.Inputs[2])
			}
			return scale, zero
		}
	}
	return 1. / 255, 0
}

// compare binds the layers to the networks' outputs, and drops those whose tensors cannot be held against each other.
func (p *Pair) compare() {
	mine, theirs := p.float.Outputs(), p.int8.Outputs()
	mine, theirs = mine[len(mine)-len(p.layers):], theirs[len(theirs)-len(p.layers):]
	layers, sites := p.layers, p.sites
	p.layers, p.sites = nil, nil
	for i, l := range layers {
		f, q := mine[i], theirs[i]
		if f.Type != quant.Float32 || integers(q) == nil || !slices.Equal(f.Shape, q.Shape) {
			p.unmatched++
			continue
		}
		l.Shape = f.Shape
		p.layers, p.sites = append(p.layers, l), append(p.sites, sites[i])
		p.ours, p.theirs = append(p.ours, f), append(p.theirs, q)
	}
	p.signal, p.noise, p.own = make([]float64, len(p.layers)), make([]float64, len(p.layers)), make([]float64, len(p.layers))
}

// isolate loads the quantised network once more, with the float network's activations for those that it dequantises.
func (p *Pair) isolate(qs *structure, file []byte, o quant.Options) error {
	o.Inputs, o.Outputs, o.ClassMap, o.NHWC = nil, nil, false, false
	for i, s := range p.sites {
		o.Outputs = append(o.Outputs, s.value)
		for _, n := range qs.readers[s.value] {
			if n.Op == "DequantizeLinear" {
				p.feeds = append(p.feeds, feed{name: n.Outputs[0], from: p.ours[i]})
				o.Inputs = append(o.Inputs, n.Outputs[0])
			}
		}
	}
	var err error
	if p.alone, err = quant.Parse(file, o); err != nil {
		return fmt.Errorf("drift: quantised model, layer by layer: %w", err)
	}
	in, out := p.alone.Inputs(), p.alone.Outputs()
	in = in[len(in)-len(p.feeds):]
	for i := range p.feeds {
		if p.feeds[i].to = in[i]; in[i].Type != quant.Float32 || in[i].Len() != p.feeds[i].from.Len() {
			return fmt.Errorf("drift: quantised model: %q is %v %v", in[i].Name, in[i].Type, in[i].Shape)
		}
	}
	p.theirsAlone = out[len(out)-len(p.sites):]
	return nil
}

// Run takes one image, a slice of bytes per input of the quantised network in its order, channels last. It runs both
// networks and adds to the sums.
func (p *Pair) Run(images ...[]byte) error {
	if len(images) != len(p.in) {
		return fmt.Errorf("drift: run: %d images, the networks have %d inputs", len(images), len(p.in))
	}
	for i, in := range p.in {
		if len(images[i]) != in.int8.Len() {
			return fmt.Errorf("drift: run: input %q: %d bytes, want %d", in.int8.Name, len(images[i]), in.int8.Len())
		}
		copy(in.int8.Bytes(), images[i])
		if in.float.Type == quant.Uint8 {
			copy(in.float.Bytes(), images[i])
			continue
		}
		values := in.float.Float32s()
		for k, b := range images[i] {
			values[k] = float32(in.scale) * float32(float64(b)-in.zero)
		}
	}
	if err := p.float.Run(); err != nil {
		return fmt.Errorf("drift: float model: %w", err)
	}
	if err := p.int8.Run(); err != nil {
		return fmt.Errorf("drift: quantised model: %w", err)
	}
	for i, in := range p.in {
		planar(p.alone.Inputs()[i].Bytes(), images[i], in.int8.Shape)
	}
	for _, f := range p.feeds {
		copy(f.to.Bytes(), f.from.Bytes())
	}
	if err := p.alone.Run(); err != nil {
		return fmt.Errorf("drift: quantised model, layer by layer: %w", err)
	}
	for i := range p.layers {
		signal, noise := energies(p.ours[i].Float32s(), integers(p.theirs[i]), p.sites[i].scale, p.sites[i].zero)
		if math.IsNaN(noise) || math.IsInf(noise, 0) {
			return fmt.Errorf("drift: run: layer %q of the float model has values that are no finite numbers", p.layers[i].Name)
		}
		_, own := energies(p.ours[i].Float32s(), integers(p.theirsAlone[i]), p.sites[i].scale, p.sites[i].zero)
		p.signal[i] += signal
		p.noise[i] += noise
		p.own[i] += own
	}
	return nil
}

// planar copies an image from channels last to ONNX's order. Other shapes are the same in both.
func planar(dst, src []byte, shape []int) {
	if len(shape) != 4 {
		copy(dst, src)
		return
	}
	pixels, channels := shape[1]*shape[2], shape[3]
	for i, b := range src {
		image, at := i/(pixels*channels), i%(pixels*channels)
		dst[image*pixels*channels+at%channels*pixels+at/channels] = b
	}
}

// energies are Σ float² and Σ (float − scale·(q − zero))².
func energies(float []float32, q func(int) float64, scale, zero float64) (signal, noise float64) {
	for k, f := range float {
		x := float64(f)
		d := x - scale*(q(k)-zero)
		signal += x * x
		noise += d * d
	}
	return signal, noise
}

// integers reads a tensor of integers; nil for other types.
func integers(t *quant.Tensor) func(int) float64 {
	switch t.Type {
	case quant.Uint8:
		v := t.Uint8s()
		return func(i int) float64 { return float64(v[i]) }
	case quant.Int8:
		v := t.Int8s()
		return func(i int) float64 { return float64(v[i]) }
	}
	return nil
}

// Classes are the two networks' class maps of the last image, each at the size of the first input and its network's memory.
func (p *Pair) Classes() (float, int8 []uint8) {
	return p.float.Outputs()[0].Uint8s(), p.int8.Outputs()[0].Uint8s()
}

// Unmatched is how many quantised activations have no float tensor that they could be held against.
func (p *Pair) Unmatched() int { return p.unmatched }

// Scales are what one step of each input's bytes is in the float network, in the order of the inputs.
func (p *Pair) Scales() (scales []float64) {
	for _, in := range p.in {
		scales = append(scales, in.scale)
	}
	return scales
}

// Layers are the layers over all images so far. Those come first that lose most by themselves, the lowest Alone.
func (p *Pair) Layers() []Layer {
	list := slices.Clone(p.layers)
	for i := range list {
		list[i].SNR, list[i].Alone = decibels(p.signal[i], p.noise[i]), decibels(p.signal[i], p.own[i])
	}
	place := func(l Layer) float64 {
		if l.Alone == nil {
			return math.Inf(1)
		}
		return *l.Alone
	}
	slices.SortStableFunc(list, func(a, b Layer) int { return cmp.Compare(place(a), place(b)) })
	return list
}

// decibels is the ratio of two energies; nil where one of them is 0.
func decibels(signal, noise float64) *float64 {
	if signal == 0 || noise == 0 {
		return nil
	}
	db := 10 * math.Log10(signal/noise)
	return &db
}

// Close frees the networks.
func (p *Pair) Close() error {
	for _, n := range []*quant.Network{p.float, p.int8, p.alone} {
		if n != nil {
			n.Close()
		}
	}
	return nil
}
