package main

import (
	"reflect"
	"testing"
)

func TestParseCPUs(t *testing.T) {
	for text, want := range map[string][]int{"0": {0}, "4-7": {4, 5, 6, 7}, "0, 2,2-3": {0, 2, 3}, "1023": {1023}} {
		if got, err := parseCPUs(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "a", "-1", "3-1", "0,,1", "1024", "0-1024", "1-", "-", "99999999999999999999"} {
		if got, err := parseCPUs(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}
