package score

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

// TestHandCounted is a case that a reader can count: 3 classes and void.
func TestHandCounted(t *testing.T) {
	labels := []uint8{0, 0, 0, 1, 1, 2, 255, 255}
	predicted := []uint8{0, 0, 1, 1, 2, 2, 0, 200}
	c := New(3)
	if err := c.Add(labels, predicted, Ignore(255)); err != nil {
		t.Fatal(err)
	}
	for class, want := range []float64{2. / 3, 1. / 3, 1. / 2} {
		if got, ok := c.IoU(class); !ok || !near(got, want) {
			t.Errorf("IoU of %d is %v, want %v", class, got, want)
		}
	}
	all, present := c.Means()
	if !near(all, 0.5) || !near(present, 0.5) || !near(c.Accuracy(), 4./6) {
		t.Errorf("means %v and %v, accuracy %v", all, present, c.Accuracy())
	}
	m := c.Matrix()
	if len(m) != 3 || m[0][1] != 1 || m[1][2] != 1 || m[2][2] != 1 || m[0][3] != 0 {
		t.Errorf("matrix %v", m)
	}
}

// TestMeans tells the two means apart: class 0 is predicted, never labelled; class 3 is neither.
func TestMeans(t *testing.T) {
	c := New(4)
	if err := c.Add([]uint8{1, 1, 2, 0, 0}, []uint8{1, 0, 2, 0, 1}, Ignore(0, 255)); err != nil {
		t.Fatal(err)
	}
	all, present := c.Means()
	if !near(present, (0.5+1)/2) || !near(all, (0+0.5+1)/3) {
		t.Errorf("means %v over all, %v over present", all, present)
	}
	if _, ok := c.IoU(3); ok {
		t.Error("class 3 has an IoU")
	}
	if n, right := c.Pixels(); n != 3 || right != 2 {
		t.Errorf("%d of %d pixels right", right, n)
	}
}

func TestPredictionsThatAreNoClass(t *testing.T) {
	c := New(2)
	if err := c.Add([]uint8{0, 1}, []uint8{255, 7}, Ignore(255)); err != nil {
		t.Fatal(err)
	}
	if m := c.Matrix(); m[0][2] != 1 || m[1][2] != 1 || c.Accuracy() != 0 {
		t.Errorf("matrix %v", m)
	}
}

func TestWrongLabels(t *testing.T) {
	c := New(3)
	err := c.Add([]uint8{0, 17, 17}, []uint8{0, 0, 0}, Ignore(255))
	var e *LabelError
	if !errors.As(err, &e) || e.Label != 17 || e.Pixels != 2 {
		t.Errorf("error %v", err)
	}
	if n, _ := c.Pixels(); n != 0 {
		t.Errorf("%d pixels of a refused frame counted", n)
	}
	if c.Add([]uint8{0}, []uint8{0, 0}, Ignore()) == nil {
		t.Error("lengths differ, no error")
	}
}

// TestFramesAdd expects the sum over frames, in any order, to be the score of all pixels together.
func TestFramesAdd(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	whole, sum := New(5), New(5)
	var labels, predicted []uint8
	for range 4 {
		l, p := make([]uint8, 100), make([]uint8, 100)
		for i := range l {
			l[i], p[i] = uint8(rng.IntN(5)), uint8(rng.IntN(5))
		}
		part := New(5)
		if err := part.Add(l, p, Ignore(255)); err != nil {
			t.Fatal(err)
		}
		sum.Merge(part)
		labels, predicted = append(labels, l...), append(predicted, p...)
	}
	if err := whole.Add(labels, predicted, Ignore(255)); err != nil {
		t.Fatal(err)
	}
	for class := range 5 {
		a, _ := whole.IoU(class)
		b, _ := sum.IoU(class)
		if a != b {
			t.Errorf("class %d: %v whole, %v in parts", class, a, b)
		}
	}
	if sum.Reset(); sum.Accuracy() != 0 {
		t.Error("something is left after Reset")
	}
}
