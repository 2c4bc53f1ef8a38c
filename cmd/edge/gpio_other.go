//go:build !linux

package main

// initLines has no drivers to load: lines are driven on Linux alone.
func initLines() error { return nil }
