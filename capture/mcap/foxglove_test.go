package mcap

import (
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// TestTimestamp: times before the epoch, too, are valid Timestamps, whose nanoseconds are never negative.
func TestTimestamp(t *testing.T) {
	for _, d := range []time.Duration{0, 1, -1, time.Second, -time.Second, 1305031102_175304123, -1500 * time.Millisecond, maxSeconds * time.Second, -maxSeconds * time.Second} {
		_, _, n := protowire.ConsumeTag(putTime(nil, d))
		in, _ := protowire.ConsumeBytes(putTime(nil, d)[n:])
		var stamp timestamppb.Timestamp
		if err := proto.Unmarshal(in, &stamp); err != nil {
			t.Fatal(err)
		}
		if stamp.Nanos < 0 || stamp.Nanos > 999_999_999 || time.Duration(stamp.Seconds*1e9+int64(stamp.Nanos)) != d {
			t.Errorf("%d is written %d s and %d ns", d, stamp.Seconds, stamp.Nanos)
		}
		if got := protoTime(in); got != d {
			t.Errorf("%d is read %d", d, got)
		}
	}
	if seconds(math.MaxInt64, 0) != 0 || seconds(math.MinInt64, 0) != 0 {
		t.Error("seconds beyond a Duration passed")
	}
}
