package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// childVariable makes the test binary a process that records until it is killed.
const childVariable = "DEPTHWISE_REPLAY_TEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		fmt.Fprintln(os.Stderr, recordForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func recordForEver(dir string) error {
	w, err := Create(dir, camera(), WriterOptions{Append: true, Classes: 3, Sync: 3 * time.Millisecond})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := w.Write(noise(i, camera(), i%2 == 0)); err != nil {
			return err
		}
	}
}

// waitLines waits until the index has more than n pairs, on the busiest machine no longer than 20 s.
func waitLines(dir string, n int) {
	for range 4000 {
		data, _ := os.ReadFile(filepath.Join(dir, associationsIndex))
		if bytes.Count(data, []byte(".png\n")) > n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestKill kills a recording process at random moments, several times over on one recording. All that its index lists
// is whole, in order, and as it was written; and the next process goes on.
func TestKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	seen, sessions := 0, 0
	for round := range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"="+dir)
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); errors.Is(err, syscall.ENOEXEC) {
			t.Skip("an emulator runs this test, and the kernel cannot start its binary by itself")
		} else if err != nil {
			t.Fatal(err)
		}
		go func() {
			if round%3 > 0 { // else at once, perhaps in the middle of Create
				waitLines(dir, seen+rand.IntN(40))
			}
			time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
			cmd.Process.Kill()
		}()
		words, _ := io.ReadAll(stderr)
		cmd.Wait()
		if len(words) > 0 {
			t.Fatalf("round %d: %s", round, words)
		}
		if _, err := os.Stat(filepath.Join(dir, associationsIndex)); err != nil {
			os.RemoveAll(dir) // killed before there was a recording
			continue
		}
		r := open(t, dir, Options{Threads: -1})
		pairs, err := play(t, r)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		s := r.Stats()
		if s.TornPairs+s.BadLines != 0 || len(pairs) < seen {
			t.Fatalf("round %d: %d pairs after %d, %+v", round, len(pairs), seen, s)
		}
		if len(pairs) > seen {
			sessions++
		}
		base, i := uint64(0), 0
		for k, p := range pairs {
			want := noise(i, camera(), i%2 == 0)
			want.Seq += base
			if p.Seq != want.Seq { // the next session
				base, i = pairs[k-1].Seq+1, 0
				want = noise(0, camera(), true)
				want.Seq = base
			}
			if !same(p, want) {
				t.Fatalf("round %d: pair %d differs", round, k)
			}
			i++
		}
		seen = len(pairs)
	}
	t.Logf("%d pairs in %d sessions", seen, sessions)
	if sessions == 0 {
		t.Error("no process lived long enough to write a pair")
	}
}
