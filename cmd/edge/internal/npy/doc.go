// Package npy reads and writes NumPy's .npy files, format versions 1.0 to 3.0, for arrays of numbers and booleans.
//
//	a, err := npy.Read(file)          // a.Shape, a.Type, a.Data: little-endian, row-major
//	err = npy.Write(file, npy.Array{Type: "<f4", Shape: []int{1, 3}, Data: …})
//
// Big-endian and Fortran-ordered files are converted while reading; object, text and structured arrays are refused.
// Files are untrusted: the header and the data are bounded, and memory grows with what was read, never with what the
// header claims.
//
// Source: numpy.lib.format in the NumPy manual, which describes the format whole.
package npy
