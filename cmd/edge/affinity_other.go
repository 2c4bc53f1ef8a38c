//go:build !linux

package main

import "errors"

func setAffinity([]int) error { return errors.New("this system offers no such choice") }
