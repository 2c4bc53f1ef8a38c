package main

import "github.com/depthwise/depthwise/runtime"

// hottest is the temperature of the machine's hottest zone, degrees Celsius; nil where none tells it.
func hottest(sysfs string) *float64 {
	if t, ok := (&runtime.Heat{Root: sysfs}).Hottest(); ok {
		return &t
	}
	return nil
}
