package plan

// Step is one call of a kernel over all its units.
type Step struct {
	Name   string   // the node that it computes, the last one of a group
	Op     string   // what it is, such as "conv", "add", "Softmax"
	Kernel string   // the kernel that runs it
	Kind   string   // of a convolution's, kernel.Conv.Kind; "" = of none
	Nodes  []string // labels of the nodes folded into it
	In     []*Buffer
	Out    []*Buffer
	Units  int
	Align  int // stripes begin at multiples of it
	MACs   int64
	Dots   int64 // MACs with the products that a kernel forms with padding; 0 = unknown
	Bytes  int64 // read and written, weights included

	inPlace int // 1 + the operand whose memory output 0 may take; 0 = none
	scratch int // bytes a worker
	// bind makes the step's function once buffers have memory; scratch is one slice per worker.
	bind func(scratch [][]byte) func(worker, lo, hi int)
	Run  func(worker, lo, hi int)
}
