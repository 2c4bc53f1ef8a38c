//go:build linux && (arm64 || arm)

package main

import "periph.io/x/host/v3"

// initLines loads the drivers of the board's lines; without any, no line is found by its name.
func initLines() error {
	_, err := host.Init()
	return err
}
