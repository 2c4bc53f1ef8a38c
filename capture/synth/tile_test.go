package synth

import "testing"

// Every pixel shows what is nearest along its ray of all primitives, tried one by one: whole tiles filled with one face,
// blocks of it, culled candidates and a new order change nothing.
func TestTilesShowTheNearest(t *testing.T) {
	kinds := map[string]int{}
	for _, args := range []string{"seed=1", "seed=2,scene=room", "seed=3,scene=corridor,noise=0", "seed=4,scene=tabletop,width=101,height=67"} {
		c, err := Open("width=160,height=120,threads=1,cut=1," + args)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 4 {
			c.load(k)
			s := &c.scene
			for _, v := range []*view{c.color, c.depth} {
				v.look(s, s.pose(float64(k)*0.7))
				var list []candidate
				for row := range v.th {
					list = v.trace(s, row, list)
				}
				for i := range v.id {
					d := v.pose.z.madd(v.pose.x, v.ray[2*i]).madd(v.pose.y, v.ray[2*i+1])
					best, id := 1e9, int32(0)
					for j := range s.prims {
						p := &s.prims[j]
						if z := p.hit(v.origin[j], p.local(d), nearPlane, best); z < best {
							best, id = z, int32(j)
						}
					}
					if v.z[i] != best {
						t.Fatalf("%s scene %d pixel %d: %v of primitive %d, want %v of %d", args, k, i, v.z[i], v.id[i], best, id)
					}
				}
				for y := 0; y < v.bh; y++ {
					for x := 0; x < v.bw; x++ {
						e := v.span(x, y, x+1, y+1)
						all := make([]candidate, 0, len(s.prims))
						for j := range v.bounds {
							if v.bounds[j].x0 <= v.bounds[j].x1 {
								all = append(all, candidate{extent: v.bounds[j], id: int32(j)})
							}
						}
						if v.fillFace(s, v.cull(s, nil, all, e), x, y, x+1, y+1) {
							kinds["face"]++
						} else {
							kinds["mixed"]++
						}
					}
				}
			}
		}
	}
	if kinds["face"] < 500 || kinds["mixed"] < 500 {
		t.Errorf("blocks: %v: not enough of each kind", kinds)
	}
}
