//go:build realsense && (linux || darwin)

package rs2

import "github.com/ebitengine/purego"

// What follows is for callers of functions that this package does not know.

// Symbol is the address of a function of the library's.
func (l *Library) Symbol(name string) (uintptr, error) { return purego.Dlsym(l.handle, name) }

// Check turns what a function put where its errors go into an error, and frees it.
func (l *Library) Check(e uintptr) error { return l.take(e) }

// Adopt takes an rs2_device over.
func (l *Library) Adopt(p uintptr) *Device { return &Device{l, p} }

// Address is the rs2_context.
func (c *Context) Address() uintptr { return c.p }

// AdoptFrame takes an rs2_frame over.
func (l *Library) AdoptFrame(p uintptr) Frame { return Frame{l, p} }

// Address is the rs2_frame.
func (f Frame) Address() uintptr { return f.p }
