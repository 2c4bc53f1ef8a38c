// Package drift holds a quantised network against the float one that it was made from: on the same images, tensor by
// tensor, how much of each tensor is noise of quantisation, and which layers add it.
//
// The one idea: both networks are loaded with tensors inside them as further outputs. Wherever the quantised graph stores
// an activation as integers q with a scale and a zero point, scale·(q − zero point) is held against the float tensor that
// it stands for. Only sums over the images are kept:
//
//	SNR = 10·log₁₀(Σ float² / Σ (float − dequantised)²) dB
//
//	pair, err := drift.Open(drift.Model{File: float}, drift.Model{File: int8}, drift.Options{})
//	if err != nil { … }
//	defer pair.Close()
//	err = pair.Run(pixels) // one slice of bytes per input, channels last; once per image
//	for _, l := range pair.Layers() { fmt.Println(l.Name, l.SNR, l.Alone) }
//
// A tensor's SNR includes what came in from the layers before it, and a layer that subtracts makes old noise greater. So
// the quantised network runs once more with the float network's activation in every place where it dequantises one: what
// then differs is that layer's own weights and rounding alone. The list is sorted by that second ratio, Alone. Where
// integers are read without a DequantizeLinear, as in QLinearConv, the layers between two of those count as one.
//
// Limits: activations with one scale per tensor, known at load. The quantised network must take bytes. What does not come
// from this very float graph differs for other reasons too: channels that were equalised across layers before quantising
// have other scales inside, and show as noise.
package drift
