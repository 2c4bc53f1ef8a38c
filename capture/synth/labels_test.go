package synth

import (
	"fmt"
	"math"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// In world coordinates table pixels lie on the top, object pixels are above it, and background is not on it.
func TestLabelsAgreeWithGeometry(t *testing.T) {
	c, err := Open("seed=17,scene=tabletop,cut=1,width=128,height=96,noise=0")
	if err != nil {
		t.Fatal(err)
	}
	var p capture.Pair
	var seen [3]int
	for i := range 16 {
		c.Frame(i, &p)
		top := c.scene.shot.top
		v := c.color
		for j, l := range p.Labels.Pix {
			d := v.pose.z.madd(v.pose.x, v.ray[2*j]).madd(v.pose.y, v.ray[2*j+1])
			q := top.f.local(v.pose.o.madd(d, v.z[j]).sub(top.f.o))
			on := math.Abs(q.x) < top.hx-1e-3 && math.Abs(q.y) < top.hy-1e-3
			seen[l]++
			switch l {
			case classTable:
				if math.Abs(q.z) > 1e-6 || math.Abs(q.x) > top.hx+1e-3 || math.Abs(q.y) > top.hy+1e-3 {
					t.Fatalf("frame %d pixel %d: table at %v of its top", i, j, q)
				}
			case classObject:
				if q.z < -1e-3 && on {
					t.Fatalf("frame %d pixel %d: object %v m below the top", i, j, -q.z)
				}
			case classBackground:
				if on && math.Abs(q.z) < 1e-6 && !top.round {
					var h hitPoint
					v.at(&c.scene, j, &h)
					t.Fatalf("frame %d pixel %d: background at %v on the top, %+v", i, j, q, h)
				}
			default:
				t.Fatalf("label %d", l)
			}
		}
	}
	for l, n := range seen {
		if n < 2000 {
			t.Errorf("class %d has only %d pixels", l, n)
		}
	}
}

// What the labels call a table is a plane in the depth image too, once it is carried into the colour camera.
func TestTableDepthIsPlanar(t *testing.T) {
	c, err := Open("seed=23,scene=tabletop,cut=1,width=160,height=120,noise=0")
	if err != nil {
		t.Fatal(err)
	}
	cal := c.Calibration()
	reg, err := capture.NewRegistrar(cal, nil)
	if err != nil {
		t.Fatal(err)
	}
	var p capture.Pair
	var d capture.Depth
	planes := 0
	for i := range 12 {
		c.Frame(i, &p)
		if err := reg.Register(&d, &p.Depth); err != nil {
			t.Fatal(err)
		}
		top, v := c.scene.shot.top, c.color
		n, off := 0, 0
		for y := 2; y < 118; y++ {
			for x := 2; x < 158; x++ {
				j := y*160 + x
				inner := d.Pix[j] > 0
				for _, k := range []int{j, j - 2, j + 2, j - 320, j + 320} {
					inner = inner && p.Labels.Pix[k] == classTable
				}
				if !inner {
					continue
				}
				ray := v.pose.z.madd(v.pose.x, v.ray[2*j]).madd(v.pose.y, v.ray[2*j+1])
				q := v.pose.o.madd(ray, float64(d.Pix[j])*cal.DepthScale)
				n++
				if math.Abs(q.sub(top.f.o).dot(top.f.z)) > 0.02 {
					off++
				}
			}
		}
		if n < 500 {
			continue
		}
		planes++
		if off > n/50 {
			t.Errorf("frame %d: %d of %d table pixels are more than 2 cm off the plane", i, off, n)
		}
	}
	if planes < 6 {
		t.Errorf("only %d frames show a table", planes)
	}
}

func TestScenesWithoutTables(t *testing.T) {
	for _, kind := range []string{"corridor", "empty"} {
		for _, p := range frames(t, "seed=2,width=64,height=48,cut=1,frames=10,scene="+kind) {
			for _, l := range p.Labels.Pix {
				if l != classBackground {
					t.Fatalf("scene %s frame %d has class %d", kind, p.Seq, l)
				}
			}
		}
	}
}

// The mixture is what a student needs: tables and objects in about these shares, some frames without any.
func TestMixture(t *testing.T) {
	var share [3]float64
	none, n, bright := 0, 0, 0.0
	for seed := range 4 {
		for _, p := range frames(t, fmt.Sprintf("seed=%d,width=48,height=36,cut=1,frames=60", seed+40)) {
			var k [3]int
			for _, l := range p.Labels.Pix {
				k[l]++
			}
			for i := range k {
				share[i] += float64(k[i]) / float64(len(p.Labels.Pix))
			}
			if k[classTable] == 0 {
				none++
			}
			sum := 0
			for _, x := range p.Color.Pix {
				sum += int(x)
			}
			bright += float64(sum) / float64(len(p.Color.Pix))
			n++
		}
	}
	f := float64(n)
	t.Logf("table %.3f object %.3f without table %.3f mean %.0f", share[1]/f, share[2]/f, float64(none)/f, bright/f)
	if s := share[1] / f; s < 0.22 || s > 0.42 {
		t.Errorf("table is %.3f of all pixels", s)
	}
	if s := share[2] / f; s < 0.06 || s > 0.18 {
		t.Errorf("objects are %.3f of all pixels", s)
	}
	if s := float64(none) / f; s < 0.06 || s > 0.22 {
		t.Errorf("%.3f of the frames have no table", s)
	}
	if b := bright / f; b < 80 || b > 150 {
		t.Errorf("the mean colour is %.0f", b)
	}
}
