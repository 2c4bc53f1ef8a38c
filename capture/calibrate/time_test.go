package calibrate

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/synth"
)

// shaken is a synthetic camera of 30 frames a second that is moved to and fro along its path, and whose depth images are
// taken later than they say.
type shaken struct {
	*synth.Camera
	pairs, next int
	late        time.Duration
	phase       [3]float64
	other       capture.Pair
}

// synthSkew is by how many of its frames the synthetic camera itself takes depth after colour: 2 ms.
const synthSkew = 2

func newShaken(o synth.Options, pairs int, late time.Duration) (*shaken, error) {
	o.FPS, o.Noise = 1000, 1
	camera, err := synth.New(o)
	s := &shaken{Camera: camera, pairs: pairs, late: late}
	rng := rand.New(rand.NewPCG(o.Seed, 7))
	for i := range s.phase {
		s.phase[i] = rng.Float64() * 2 * math.Pi
	}
	return s, err
}

// frame is the synthetic camera's frame at a time: a place on its path.
func (s *shaken) frame(at time.Duration) int {
	t := at.Seconds()
	place := 3.0
	for i, f := range []float64{0.37, 0.83, 1.71} { // Hz
		place += math.Sin(2*math.Pi*f*t+s.phase[i]) / (1 + f)
	}
	return int(1000 * place)
}

func (s *shaken) Next(_ context.Context, dst *capture.Pair) error {
	if s.next == s.pairs {
		return io.EOF
	}
	at := time.Duration(s.next) * time.Second / 30
	s.Frame(s.frame(at), dst)
	s.Frame(s.frame(at+s.late)-synthSkew, &s.other)
	dst.Depth, s.other.Depth = s.other.Depth, dst.Depth
	dst.Seq, dst.ColorTime, dst.DepthTime = uint64(s.next), at, at
	s.next++
	return nil
}

func TestOffsetOfTheShakenCamera(t *testing.T) {
	if testing.Short() {
		t.Skip("renders scenes")
	}
	for seed, c := range map[uint64]struct {
		scene string
		late  time.Duration
	}{31: {"room", 0}, 32: {"tabletop", -21 * time.Millisecond}, 33: {"room", 57500 * time.Microsecond}, 34: {"room", -180 * time.Millisecond}} {
		open := func() (capture.Source, error) {
			return newShaken(synth.Options{Seed: seed, Scene: c.scene, Width: 96, Height: 72}, 180, c.late)
		}
		r, err := Estimate(t.Context(), open, Options{SkipGeometry: true})
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		o := r.Offset
		t.Logf("seed %d, %s: true %v, got %v ± %v, correlation %.2f", seed, c.scene, c.late, o.Value, o.Sigma, o.Peak)
		if miss := (o.Value - c.late).Abs(); miss > 10*time.Millisecond || miss > 4*o.Sigma+2*time.Millisecond {
			t.Errorf("seed %d: the offset is %v ± %v, true %v", seed, o.Value, o.Sigma, c.late)
		}
	}
}

// TestOffsetOfSignals: the same motion sampled at other times and rates.
func TestOffsetOfSignals(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var f, a, p [6]float64
		for i := range f {
			f[i], a[i], p[i] = 0.2+4*rng.Float64(), rng.NormFloat64(), rng.Float64()*7
		}
		at := func(t float64, k int) (v float64) {
			for i := range f {
				v += a[i] * math.Sin(2*math.Pi*f[i]*t+p[i]+float64(k))
			}
			return v
		}
		want := rng.NormFloat64() * 0.1
		var m motion
		for i := range 300 {
			take := func(rate, shift, noise float64) step {
				from, to := float64(i)/rate, float64(i+1)/rate
				s := step{from: seconds(from), to: seconds(to)}
				for k := range s.v {
					for j := range 9 { // the mean over the step
						s.v[k] += at(from+(to-from)*(float64(j)+0.5)/9+shift, k) / 9
					}
					s.v[k] += noise * rng.NormFloat64()
				}
				return s
			}
			m.color.steps = append(m.color.steps, take(30, 0, 0.2))
			m.depth.steps = append(m.depth.steps, take(27, want, 0.2))
		}
		o, err := m.offset(500 * time.Millisecond)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		if miss := math.Abs(o.Value.Seconds() - want); miss > 0.003 || miss > 5*o.Sigma.Seconds()+0.0005 {
			t.Errorf("seed %d: the offset is %v ± %v, true %.2f ms", seed, o.Value, o.Sigma, 1000*want)
		}
	}
}

// TestOffsetRefusesWhatRepeats: a pure oscillation fits at every period.
func TestOffsetRefusesWhatRepeats(t *testing.T) {
	var m motion
	for i := range 300 {
		s := step{from: seconds(float64(i) / 30), to: seconds(float64(i+1) / 30)}
		for k := range s.v {
			s.v[k] = math.Sin(2 * math.Pi * 5 * s.middle())
		}
		m.color.steps = append(m.color.steps, s)
		m.depth.steps = append(m.depth.steps, s)
	}
	if o, err := m.offset(500 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "repeats") {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestShift(t *testing.T) {
	image := func(dx, dy float64) small {
		s := small{64, 48, make([]float64, 64*48)}
		for i := range s.pix {
			x, y := float64(i%64)-dx, float64(i/64)-dy
			s.pix[i] = 50*math.Sin(x/5)*math.Cos(y/7) + 20*math.Sin(x/11+y/6)
		}
		for i := range 200 {
			s.pix[i*13%len(s.pix)] = math.NaN()
		}
		return s
	}
	a := image(0, 0)
	for i := range 12 * 64 { // something of its own that goes the other way, fast
		a.pix[i] += 60 * math.Sin(float64(i%64)/4)
	}
	for _, d := range [][2]float64{{0, 0}, {0.5, 0}, {0, -0.7}, {-0.9, 0.4}} {
		b := image(d[0], d[1])
		for i := range 12 * 64 {
			b.pix[i] += 60 * math.Sin((float64(i%64)+8)/4)
		}
		v, ok := shift(&a, &b)
		if !ok || math.Abs(64*v[0]-d[0]) > 0.08 || math.Abs(64*v[1]-d[1]) > 0.08 {
			t.Errorf("shifted by %v: found %.3f, %.3f", d, 64*v[0], 64*v[1])
		}
	}
}
