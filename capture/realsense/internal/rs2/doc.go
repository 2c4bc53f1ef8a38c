// Package rs2 calls librealsense2 without cgo: the library is opened when the program runs, and only scalars and pointers
// cross the border, because structures by value go wrong on some processors.
//
// It is the thinnest layer that is still Go: handles with methods, errors instead of rs2_error, the library's memory as
// byte slices that say how long they live. What to do with cameras is the business of capture/realsense. It is built with
// the tag realsense, on Linux and macOS.
//
// Handles must be closed, once, by who got them; a handle is not safe for use while it is being closed.
//
// Source: the headers of librealsense2, include/librealsense2/h, of versions 2.50 to 2.59.
package rs2
