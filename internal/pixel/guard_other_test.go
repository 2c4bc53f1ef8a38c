//go:build !linux

package pixel

import "testing"

// guarded is n numbers; where there is no Linux no pages guard them.
func guarded(t testing.TB, n int) []uint16 { return make([]uint16, n) }
