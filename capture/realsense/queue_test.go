//go:build realsense && (linux || darwin)

package realsense

import (
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
)

// An image that was taken out is the taker's: what comes later goes elsewhere.
func TestQueueOwnsItsMemory(t *testing.T) {
	q := newQueue(2, false)
	push := func(v byte) { q.push(0, &rs2.Picture{Data: []byte{v, v, v}}, 0) }
	var got image
	for v := byte(0); v < 20; v++ {
		push(v)
		if !q.pop(&got) || got.pic.Data[0] != v {
			t.Fatalf("image %d is %v", v, got.pic.Data)
		}
		push(100)
		push(101)
		push(102)
		if got.pic.Data[0] != v || got.pic.Data[2] != v {
			t.Fatalf("image %d became %v", v, got.pic.Data)
		}
		for range 2 {
			q.pop(new(image))
		}
	}
}

// A queue that may not lose waits for room, and not longer than until it is closed.
func TestQueueWaits(t *testing.T) {
	q := newQueue(1, true)
	p := rs2.Picture{Data: []byte{1}}
	q.push(0, &p, 0)
	q.push(1, &p, 0) // the other stream has room of its own
	done := make(chan bool, 2)
	for range 2 {
		go func() { q.push(0, &p, 0); done <- true }()
	}
	select {
	case <-done:
		t.Fatal("a full queue took an image")
	case <-time.After(20 * time.Millisecond):
	}
	q.pop(new(image))
	<-done
	q.close()
	<-done
	if in, dropped := q.counts(0); in != 2 || dropped != 0 {
		t.Errorf("%d came, %d were dropped", in, dropped)
	}
}
