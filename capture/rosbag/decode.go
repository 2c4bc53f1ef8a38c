package rosbag

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

var errShort = errors.New("the message is too short")

// A cursor reads the fields of a serialised message: little endian, packed, strings and lists behind their length.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) take(n uint64) []byte {
	if c.err != nil || n > uint64(len(c.b)) {
		c.err = errShort
		return nil
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) uint8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) float64() float64 {
	if b := c.take(8); b != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return 0
}

func (c *cursor) bytes() []byte  { return c.take(uint64(c.uint32())) }
func (c *cursor) string() string { return string(c.bytes()) }

// stamp is std_msgs/Header: seq, stamp, frame_id. It returns the stamp.
func (c *cursor) stamp() time.Duration {
	c.uint32()
	sec, nsec := c.uint32(), c.uint32()
	c.bytes()
	return clock(sec, nsec)
}

// clock is a ROS time as a duration since its epoch; at most 2³² seconds, which fits.
func clock(sec, nsec uint32) time.Duration {
	return time.Duration(sec)*time.Second + time.Duration(nsec)
}

// An image is sensor_msgs/Image. Its data is that of the message.
type image struct {
	time          time.Duration
	width, height uint32
	encoding      []byte
	bigEndian     bool
	step          uint32 // bytes from row to row
	data          []byte
}

func decodeImage(b []byte) (m image, err error) {
	c := cursor{b: b}
	m.time = c.stamp()
	m.height, m.width = c.uint32(), c.uint32()
	m.encoding = c.bytes()
	m.bigEndian = c.uint8() != 0
	m.step = c.uint32()
	m.data = c.bytes()
	return m, c.err
}

// cameraInfo is what counts of sensor_msgs/CameraInfo.
type cameraInfo struct {
	width, height uint32
	model         string
	coeffs        []float64
	k             [9]float64 // row-major: fx 0 cx, 0 fy cy, 0 0 1
}

func decodeCameraInfo(b []byte) (m cameraInfo, err error) {
	c := cursor{b: b}
	c.stamp()
	m.height, m.width = c.uint32(), c.uint32()
	m.model = c.string()
	n := c.uint32()
	if n > 64 {
		return m, fmt.Errorf("%d distortion coefficients, above the limit of 64", n)
	}
	for range n {
		m.coeffs = append(m.coeffs, c.float64())
	}
	for i := range m.k {
		m.k[i] = c.float64()
	}
	return m, c.err
}

// transform is geometry_msgs/Transform: a translation in metres and a quaternion x, y, z, w.
type transform struct {
	translation [3]float64
	rotation    [4]float64
}

func decodeTransform(b []byte) (m transform, err error) {
	c := cursor{b: b}
	for i := range m.translation {
		m.translation[i] = c.float64()
	}
	for i := range m.rotation {
		m.rotation[i] = c.float64()
	}
	return m, c.err
}

// decodeFloat32 reads std_msgs/Float32 as the shortest decimal that it stands for: 0.001, not 0.0010000000474974513.
func decodeFloat32(b []byte) (float64, error) {
	c := cursor{b: b}
	v := math.Float32frombits(c.uint32())
	if c.err != nil {
		return 0, c.err
	}
	return strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
}

// decodeRate reads realsense_msgs/StreamInfo: frames a second first.
func decodeRate(b []byte) (uint32, error) {
	c := cursor{b: b}
	fps := c.uint32()
	return fps, c.err
}

// decodeKeyValue reads diagnostic_msgs/KeyValue.
func decodeKeyValue(b []byte) (key, value string, err error) {
	c := cursor{b: b}
	key, value = c.string(), c.string()
	return key, value, c.err
}
