package onnx

// Limits bound what a file may ask for before anything is allocated for it.
const (
	maxFile     = 1 << 30 // bytes of a model file
	maxExternal = 1 << 30 // bytes of external data, all tensors together
	maxMessages = 600_000 // messages in a file: nodes, attributes, tensors, …
	maxNodes    = 1 << 16 // nodes of a graph
	maxScalars  = 4 << 20 // list elements outside tensor payloads: dims, attribute ints, names
	maxSkeleton = 64 << 20
	maxDepth    = 16 // nesting of messages; a plain graph needs 7
	maxRank     = 16 // dimensions of a tensor
	maxCalls    = 64 // functions that call each other
)
