package quant

import "testing"

// TestMeasures: what edge bench holds times against is there on any machine, and a cycle holds a possible number of
// multiply-accumulates. How fast they are is not tested.
func TestMeasures(t *testing.T) {
	clock := Clock()
	if clock < 1e7 || clock > 2e10 {
		t.Errorf("a clock of %.3g Hz", clock)
	}
	for _, disable := range [][]string{nil, {"avx512vnni", "avxvnni", "dotprod"}, {"simd"}} {
		peak, err := Peak(1, disable)
		if err != nil {
			t.Fatal(err)
		}
		if (peak == 0) != (len(disable) == 1 || len(kernelNames()) == 0) || peak/clock > 1024 {
			t.Errorf("without %v a peak of %.3g a second, %.1f a cycle", disable, peak, peak/clock)
		}
	}
	for _, threads := range []int{1, 2, 5} {
		if d := Barrier(threads); d <= 0 {
			t.Errorf("%d threads: a shared step takes %v", threads, d)
		}
	}
	if _, err := Peak(1, []string{"mmx"}); err == nil {
		t.Error("an unknown feature is disabled without an error")
	}
}

func kernelNames() (names []string) {
	for _, k := range Kernels() {
		if k.Have {
			names = append(names, k.Name)
		}
	}
	return names
}
