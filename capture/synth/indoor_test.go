package synth

import (
	"bytes"
	"math"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// The indoor labels tell more of the same pictures: tables and objects are the same pixels, floors, ceilings and walls lie
// where the room ends, chairs and people stand inside it.
func TestIndoorLabels(t *testing.T) {
	var seen [indoorClasses]int
	for _, scene := range []string{"room", "tabletop", "empty"} {
		const args = "seed=31,cut=1,width=96,height=72,noise=0,scene="
		plain, err := Open(args + scene)
		if err != nil {
			t.Fatal(err)
		}
		finer, err := Open(args + scene + ",labels=indoor")
		if err != nil {
			t.Fatal(err)
		}
		if plain.Classes() != 3 || finer.Classes() != 8 {
			t.Errorf("%d and %d classes, want 3 and 8", plain.Classes(), finer.Classes())
		}
		var a, b capture.Pair
		for i := range 12 {
			plain.Frame(i, &a)
			finer.Frame(i, &b)
			if !bytes.Equal(a.Color.Pix, b.Color.Pix) {
				t.Fatalf("%s frame %d: other labels, other pictures", scene, i)
			}
			v, half := finer.color, finer.scene.half
			for j, l := range b.Labels.Pix {
				seen[l]++
				if (l == indoorTable) != (a.Labels.Pix[j] == classTable) || (l == indoorObject) != (a.Labels.Pix[j] == classObject) {
					t.Fatalf("%s frame %d pixel %d: indoor label %d of label %d", scene, i, j, l, a.Labels.Pix[j])
				}
				d := v.pose.z.madd(v.pose.x, v.ray[2*j]).madd(v.pose.y, v.ray[2*j+1])
				p := v.pose.o.madd(d, v.z[j])
				wrong := false
				switch l {
				case indoorFloor:
					wrong = math.Abs(p.z) > 1e-6
				case indoorCeiling:
					wrong = math.Abs(p.z-2*half.z) > 1e-6
				case indoorWall: // doors and windows are up to a hand thick
					wrong = math.Abs(p.x) < half.x-0.2 && math.Abs(p.y) < half.y-0.2
				case indoorChair, indoorPerson:
					wrong = p.z < -1e-6 || p.z > 2.3
				}
				if wrong {
					t.Fatalf("%s frame %d pixel %d: class %d at %v of a room of half sizes %v", scene, i, j, l, p, half)
				}
			}
		}
	}
	for l, n := range seen {
		if n < 100 {
			t.Errorf("class %d has only %d pixels", l, n)
		}
	}
	if _, err := Open("labels=outdoor"); err == nil {
		t.Error("labels=outdoor: no error")
	}
}
