// Package plan compiles a checked graph into a flat list of steps over one arena.
//
// The one idea: a [unit] is a group of nodes that one step computes. Matchers look for groups that stay in the integers
// (DequantizeLinear → operator → QuantizeLinear, activation tables, upsample and argmax); every other node is a unit of
// its own, run by package ops in float. Only units that an output needs become steps.
//
// # Layouts
//
// A value exists in up to two forms. Plain is ONNX's row-major order in the model's own type; every operator of package
// ops takes it. Inner is package kernel's layout, one [kernel.Map] per image, bytes flipped to [kernel.Native]; the
// integer kernels take it. A conversion step is planned where a unit needs the form that is not there, and nowhere else.
//
// # Memory
//
// Inputs and outputs have memory of their own. Everything between lies in one arena: a buffer lives from the step that
// writes it to the last that reads it, and buffers that never live together may share bytes.
package plan
