package quant

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/depthwise/depthwise/models"
)

// TestMemory runs students that share an arena in turns, on memory full of what others left there, and expects what each
// gives on memory of its own.
func TestMemory(t *testing.T) {
	shipped, err := models.Open(models.Default)
	if err != nil {
		t.Skip(err)
	}
	var files [][]byte
	files = append(files, shipped.ONNX)
	paths, err := filepath.Glob("testdata/golden/*/model.onnx")
	if err != nil || len(paths) < 7 {
		t.Fatalf("%d golden models, %v", len(paths), err)
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	var shared, own []*Network
	var a Memory
	sum, most := 0, 0
	for _, file := range files {
		for _, list := range []*[]*Network{&shared, &own} {
			o := Options{Threads: 2, NHWC: true}
			if list == &shared {
				o.Memory = &a
			}
			n, err := Parse(file, o)
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			*list = append(*list, n)
		}
		size := own[len(own)-1].plan.Arena.Bytes
		sum, most = sum+size, max(most, size)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 3 {
		for i, n := range shared {
			for j, in := range n.Inputs() {
				for k := range in.Bytes() {
					in.Bytes()[k] = byte(rng.Uint32())
				}
				if in.Type == Float32 {
					for k := range in.Float32s() {
						in.Float32s()[k] = rng.Float32()
					}
				}
				copy(own[i].Inputs()[j].Bytes(), in.Bytes())
			}
			for k := range a.memory {
				a.memory[k] = 0xa5
			}
			for _, s := range a.scratch {
				for k := range s {
					s[k] = 0x5a
				}
			}
			if err := n.Run(); err != nil {
				t.Fatal(err)
			}
			if err := own[i].Run(); err != nil {
				t.Fatal(err)
			}
			for j, out := range n.Outputs() {
				if !bytes.Equal(out.Bytes(), own[i].Outputs()[j].Bytes()) {
					t.Fatalf("round %d: network %d, output %d differs from that on memory of its own", round, i, j)
				}
			}
		}
	}
	if a.Bytes() != most || len(files) < 3 || most >= sum {
		t.Errorf("%d networks share %d bytes; the largest needs %d, all together %d", len(files), a.Bytes(), most, sum)
	}
	late, err := Parse(shipped.ONNX, Options{Threads: 3, NHWC: true, Memory: &a})
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	if n := testing.AllocsPerRun(1, func() { late.Run() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMemoryWhileAnotherRuns loads networks while one that shares their memory runs, and expects them to have that memory
// and the answers of one that was there from the beginning.
func TestMemoryWhileAnotherRuns(t *testing.T) {
	shipped, err := models.Open(models.Default)
	if err != nil {
		t.Skip(err)
	}
	var a Memory
	load := func() *Network {
		n, err := Parse(shipped.ONNX, Options{Threads: 1, NHWC: true, ClassMap: true, Memory: &a})
		if err != nil {
			t.Error(err)
			return nil
		}
		t.Cleanup(func() { n.Close() })
		rng := rand.New(rand.NewPCG(3, 4))
		for _, in := range n.Inputs() {
			for k := range in.Bytes() {
				in.Bytes()[k] = byte(rng.Uint32())
			}
		}
		return n
	}
	first := load()
	if err := first.Run(); err != nil {
		t.Fatal(err)
	}
	want, size := bytes.Clone(first.Outputs()[0].Bytes()), a.Bytes()
	late := make(chan *Network)
	go func() {
		late <- load()
		late <- load()
		close(late)
	}()
	networks, all := []*Network{first}, false
	for i := 0; !all || i%len(networks) != 0; i++ {
		select {
		case n, ok := <-late:
			if all = !ok; n == nil && ok {
				t.FailNow()
			} else if ok {
				networks = append(networks, n)
			}
		default:
		}
		n := networks[i%len(networks)]
		if err := n.Run(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(n.Outputs()[0].Bytes(), want) {
			t.Fatalf("run %d, of network %d of %d, differs", i, i%len(networks), len(networks))
		}
	}
	if len(networks) != 3 || a.Bytes() != size {
		t.Errorf("%d networks, %d bytes of memory, %d before", len(networks), a.Bytes(), size)
	}
	for i, n := range networks {
		for k := range a.memory {
			a.memory[k] = 0xa5
		}
		if err := n.Run(); err != nil {
			t.Fatal(err)
		}
		if bytes.Count(a.memory, []byte{0xa5}) > size/2 {
			t.Errorf("network %d has memory of its own", i)
		}
	}
}
