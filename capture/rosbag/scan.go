package rosbag

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// maxScan bounds how far into a bag the scan goes for facts that it may not have, in bytes of records.
const maxScan = 1 << 29

// facts are what a bag says of its two streams.
type facts struct {
	color, depth stream
	units        float64 // metres per depth unit; 0 if the bag does not say
}

// A stream is what a bag says of one of them. Its topics follow from the image topic.
type stream struct {
	image string // topic; empty until known
	marks string // how a RealSense topic of this kind shows: "/Color_"
	info  *cameraInfo
	rate  uint32     // frames a second; 0 if the bag does not say
	pose  *transform // from the device's reference to this camera
	group string     // of cameras with one reference
	clock string     // the name of the stamps' clock domain
	seen  bool       // an image came
}

const (
	imageSuffix = "/image/data" // of RealSense's image topics
	unitsSuffix = "/option/Depth Units/value"
)

// base is the prefix of all topics of a RealSense stream, "/device_0/sensor_1/Color_0"; empty for other bags.
func (s *stream) base() string {
	base, ok := strings.CutSuffix(s.image, imageSuffix)
	if !ok {
		return ""
	}
	return base
}

// infoTopic is where the stream's intrinsics are.
func (s *stream) infoTopic() string {
	if base := s.base(); base != "" {
		return base + "/info/camera_info"
	}
	return path.Join(path.Dir(s.image), "camera_info")
}

// adopt takes the first stream of the kind, if none was named.
func (s *stream) adopt(topic string) {
	if s.image != "" {
		return
	}
	i := strings.Index(topic, s.marks)
	if i < 0 {
		return
	}
	end := i + len(s.marks)
	if k := strings.IndexByte(topic[end:], '/'); k >= 0 {
		s.image = topic[:end+k] + imageSuffix
	}
}

// learn takes what a message says of the stream.
func (s *stream) learn(m message) (err error) {
	s.adopt(m.topic)
	base := s.base()
	switch {
	case s.image == "":
	case m.topic == s.image:
		s.seen = true
	case m.topic == s.infoTopic() && s.info == nil:
		var info cameraInfo
		if info, err = decodeCameraInfo(m.data); err == nil {
			s.info = &info
		}
	case base == "":
	case m.topic == base+"/info":
		s.rate, err = decodeRate(m.data)
	case m.topic == base+"/image/metadata" && s.clock == "":
		key, value, e := decodeKeyValue(m.data)
		if key == "timestamp_domain" {
			s.clock = value
		}
		err = e
	case strings.HasPrefix(m.topic, base+"/tf/") && s.pose == nil:
		var pose transform
		if pose, err = decodeTransform(m.data); err == nil {
			s.pose, s.group = &pose, path.Base(m.topic)
		}
	}
	return err
}

// known tells whether nothing more is to be learnt.
func (s *stream) known() bool {
	return s.seen && s.info != nil && (s.base() == "" || s.rate != 0 && s.pose != nil && s.clock != "")
}

// scan reads from the beginning until everything is known, or the bag ends.
func scan(m *messages, o Options) (facts, error) {
	f := facts{color: stream{image: o.ColorTopic, marks: "/Color_"}, depth: stream{image: o.DepthTopic, marks: "/Depth_"}}
	all := map[string]bool{}
	for m.read < maxScan && !(f.color.known() && f.depth.known() && f.units != 0) {
		msg, err := m.next(func(topic string) bool {
			all[topic] = true
			return !strings.Contains(topic, "/option/") || strings.HasSuffix(topic, unitsSuffix)
		})
		if err == io.EOF {
			break
		}
		if err != nil {
			return f, err
		}
		err = errors.Join(f.color.learn(msg), f.depth.learn(msg))
		if err == nil && f.units == 0 && strings.HasSuffix(msg.topic, unitsSuffix) {
			f.units, err = decodeFloat32(msg.data)
		}
		if err != nil {
			return f, fmt.Errorf("topic %q: %w", msg.topic, err)
		}
	}
	for kind, s := range map[string]*stream{"colour": &f.color, "depth": &f.depth} {
		if !s.seen {
			return f, fmt.Errorf("no %s stream in %d topics%s", kind, len(all), examples(all))
		}
		if s.info == nil && o.Calibration == nil {
			return f, fmt.Errorf("no camera_info for the %s stream %q", kind, s.image)
		}
	}
	return f, nil
}

// examples names some image topics, to choose from.
func examples(all map[string]bool) string {
	var images []string
	for _, topic := range slices.Sorted(maps.Keys(all)) {
		if strings.Contains(topic, "image") && !strings.HasSuffix(topic, "metadata") && len(images) < 8 {
			images = append(images, topic)
		}
	}
	if len(images) == 0 {
		return ""
	}
	return ", among them " + strings.Join(images, ", ")
}

// calibration puts the facts together.
func (f *facts) calibration() (c capture.Calibration, err error) {
	if c.Color, err = f.color.info.intrinsics(); err != nil {
		return c, fmt.Errorf("colour camera_info: %w", err)
	}
	if c.Depth, err = f.depth.info.intrinsics(); err != nil {
		return c, fmt.Errorf("depth camera_info: %w", err)
	}
	c.DepthScale = f.units
	if c.DepthScale == 0 {
		c.DepthScale = 0.001 // what RealSense cameras and 16UC1 topics (ROS REP 118) have unless they say otherwise
	}
	c.DepthToColor = capture.Identity
	from, to := f.depth.pose, f.color.pose
	switch {
	case from != nil && to != nil && f.depth.group == f.color.group:
		c.DepthToColor = between(*from, *to)
	case f.color.base() != "" && f.depth.base() != "":
		return c, errors.New("no tf that leads from the depth to the colour camera; give a calibration")
	}
	return c, c.Validate()
}

// intrinsics translates a CameraInfo.
func (m *cameraInfo) intrinsics() (in capture.Intrinsics, err error) {
	in = capture.Intrinsics{Width: int(m.width), Height: int(m.height), Fx: m.k[0], Fy: m.k[4], Cx: m.k[2], Cy: m.k[5]}
	bent := false
	for i, k := range m.coeffs {
		bent = bent || k != 0
		if i < len(in.Coeffs) {
			in.Coeffs[i] = k
		}
	}
	if !bent {
		in.Model = capture.NoDistortion
		return in, nil
	}
	// librealsense's names (rs2_distortion_to_string), and ROS's. The modified model differs from Brown-Conrady in the
	// tangential terms by the radial factor: far below a pixel for what RealSense cameras carry.
	switch m.model {
	case "Brown Conrady", "Modified Brown Conrady", "plumb_bob":
		in.Model = capture.BrownConrady
	case "Inverse Brown Conrady":
		in.Model = capture.InverseBrownConrady
	default:
		return in, fmt.Errorf("the distortion model %q is not known", m.model)
	}
	if len(m.coeffs) > len(in.Coeffs) {
		return in, fmt.Errorf("%d coefficients for the distortion model %q, want at most %d", len(m.coeffs), m.model, len(in.Coeffs))
	}
	return in, nil
}

// between returns the transform from one camera to another, both given from a common reference, as librealsense records
// them (playback_device.cpp): p_to = R_to·R_fromᵀ·(p_from − t_from) + t_to.
func between(from, to transform) (e capture.Extrinsics) {
	a, b := matrix(from.rotation), matrix(to.rotation)
	for i := range 3 {
		e.Translation[i] = to.translation[i]
		for j := range 3 {
			for k := range 3 {
				e.Rotation[3*i+j] += float64(b[3*i+k] * a[3*j+k])
			}
			e.Translation[i] -= float64(e.Rotation[3*i+j] * from.translation[j])
		}
	}
	return e
}

// matrix returns the rotation, row-major, of a quaternion x, y, z, w, which it brings to length 1.
func matrix(q [4]float64) [9]float64 {
	x, y, z, w := q[0], q[1], q[2], q[3]
	n := float64(x*x) + float64(y*y) + float64(z*z) + float64(w*w)
	s := 2 / n // infinite or NaN for a quaternion of zeros: Validate names the rotation
	xx, yy, zz := float64(s*float64(x*x)), float64(s*float64(y*y)), float64(s*float64(z*z))
	xy, xz, yz := float64(s*float64(x*y)), float64(s*float64(x*z)), float64(s*float64(y*z))
	wx, wy, wz := float64(s*float64(w*x)), float64(s*float64(w*y)), float64(s*float64(w*z))
	return [9]float64{
		1 - yy - zz, xy - wz, xz + wy,
		xy + wz, 1 - xx - zz, yz - wx,
		xz - wy, yz + wx, 1 - xx - yy,
	}
}

// window is one period of the slower stream: the nearest frame is never further away while both streams run.
func (f *facts) window() time.Duration {
	slower := min(f.color.rate, f.depth.rate)
	if slower == 0 || slower > 1000 {
		slower = 30
	}
	return time.Second / time.Duration(slower)
}
