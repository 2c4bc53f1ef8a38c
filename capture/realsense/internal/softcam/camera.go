//go:build realsense && (linux || darwin) && (amd64 || arm64)

package softcam

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/realsense/internal/rs2"
	"github.com/ebitengine/purego"
)

// Options describe a camera.
type Options struct {
	Calibration capture.Calibration
	Format      rs2.Format // of colour; 0 = RGB8
	FPS         int        // 0 = 30
	Serial, USB string
	OneSensor   bool // both streams from one sensor, as the D405 has them
	Padding     int  // bytes behind each row
}

// Camera is a camera in software.
type Camera struct {
	mu           sync.Mutex // held by calls of the library, which have one place for their errors
	l            *rs2.Library
	f            functions
	o            Options
	dev          uintptr
	sensors      []uintptr // colour, depth; of one sensor twice the same
	color, depth uintptr   // profiles
	bytes        int       // of a colour pixel
	e            uintptr   // where functions put their errors: on the heap, as C must find it
	texts        [][]byte
}

type functions struct {
	create, addSensor, addStream, addOption, addInfo, addTo, removeFrom, frame, metadata, extrinsics, fromSensor, deleteSensor, deleteDevice,
	malloc, free uintptr
}

// New makes a camera.
func New(l *rs2.Library, o Options) (*Camera, error) {
	if o.Format == 0 {
		o.Format = rs2.RGB8
	}
	if o.FPS == 0 {
		o.FPS = 30
	}
	c := &Camera{l: l, o: o}
	c.bytes = map[rs2.Format]int{rs2.RGB8: 3, rs2.BGR8: 3, rs2.RGBA8: 4, rs2.BGRA8: 4, rs2.YUYV: 2, rs2.UYVY: 2, rs2.Y8: 1}[o.Format]
	for name, to := range map[string]*uintptr{
		"rs2_create_software_device": &c.f.create, "rs2_software_device_add_sensor": &c.f.addSensor,
		"rs2_software_sensor_add_video_stream": &c.f.addStream, "rs2_software_sensor_add_option": &c.f.addOption,
		"rs2_software_device_register_info": &c.f.addInfo, "rs2_context_add_software_device": &c.f.addTo,
		"rs2_context_remove_device": &c.f.removeFrom, "rs2_software_sensor_on_video_frame": &c.f.frame,
		"rs2_software_sensor_set_metadata": &c.f.metadata, "rs2_register_extrinsics": &c.f.extrinsics,
		"rs2_create_device_from_sensor": &c.f.fromSensor, "rs2_delete_sensor": &c.f.deleteSensor, "rs2_delete_device": &c.f.deleteDevice,
		"malloc": &c.f.malloc, "free": &c.f.free,
	} {
		var err error
		if *to, err = l.Symbol(name); err != nil {
			if *to, err = purego.Dlsym(purego.RTLD_DEFAULT, name); err != nil {
				return nil, err
			}
		}
	}
	return c, c.build()
}

// do calls a function with scalars and a place for its error.
func (c *Camera) do(f uintptr, args ...uintptr) (uintptr, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.e = 0
	r := invoke(f, append(args, pointer(&c.e))...)
	return r, c.l.Check(c.e)
}

// doWith calls a function with a structure behind its scalars.
func (c *Camera) doWith(f uintptr, structure []uint64, args ...uintptr) (uintptr, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.e = 0
	r := call(f, args, structure, pointer(&c.e))
	return r, c.l.Check(c.e)
}

func (c *Camera) build() (err error) {
	if c.dev, err = c.do(c.f.create); err != nil {
		return err
	}
	for info, value := range map[rs2.Info]string{rs2.Name: "Software RealSense", rs2.Serial: c.o.Serial, rs2.USBType: c.o.USB} {
		if value == "" {
			continue
		}
		if _, err := c.do(c.f.addInfo, c.dev, uintptr(info), c.text(value)); err != nil {
			return err
		}
	}
	names := []string{"RGB Camera", "Stereo Module"}
	if c.o.OneSensor {
		names = names[1:]
	}
	for _, name := range names {
		s, err := c.do(c.f.addSensor, c.dev, c.text(name))
		if err != nil {
			return err
		}
		c.sensors = append(c.sensors, s)
	}
	if c.o.OneSensor {
		c.sensors = append(c.sensors, c.sensors[0])
	}
	if c.color, err = c.stream(0, rs2.Color, 11, c.o.Format, c.bytes, c.o.Calibration.Color); err != nil {
		return err
	}
	if c.depth, err = c.stream(1, rs2.Depth, 12, rs2.Z16, 2, c.o.Calibration.Depth); err != nil {
		return err
	}
	if err := c.AddOption(true, rs2.DepthUnits, 1e-6, 1, 1e-6, c.o.Calibration.DepthScale, true); err != nil {
		return err
	}
	return c.place()
}

// stream adds a stream: rs2_video_stream in words.
func (c *Camera) stream(sensor int, kind rs2.Stream, id int, format rs2.Format, size int, in capture.Intrinsics) (uintptr, error) {
	model := map[capture.Distortion]rs2.Distortion{capture.BrownConrady: rs2.BrownConrady, capture.InverseBrownConrady: rs2.InverseBrownConrady}[in.Model]
	fields := []uint32{uint32(kind), 0, uint32(id), uint32(in.Width), uint32(in.Height), uint32(c.o.FPS), uint32(size), uint32(format),
		uint32(in.Width), uint32(in.Height), bits(in.Cx), bits(in.Cy), bits(in.Fx), bits(in.Fy), uint32(model)}
	for _, k := range in.Coeffs {
		fields = append(fields, bits(k))
	}
	return c.doWith(c.f.addStream, words(fields), c.sensors[sensor])
}

// place tells how the cameras stand: rs2_extrinsics in words.
func (c *Camera) place() error {
	e := c.o.Calibration.DepthToColor
	var fields []uint32
	for j := range 3 {
		for i := range 3 {
			fields = append(fields, bits(e.Rotation[3*i+j]))
		}
	}
	for _, t := range e.Translation {
		fields = append(fields, bits(t))
	}
	_, err := c.doWith(c.f.extrinsics, words(fields), c.depth, c.color)
	return err
}

func bits(v float64) uint32 { return math.Float32bits(float32(v)) }

// words packs pairs of 32-bit fields.
func words(fields []uint32) (w []uint64) {
	for i := 0; i < len(fields); i += 2 {
		w = append(w, uint64(fields[i]))
		if i+1 < len(fields) {
			w[len(w)-1] |= uint64(fields[i+1]) << 32
		}
	}
	return w
}

// AddOption gives the depth or the colour sensor an option.
func (c *Camera) AddOption(depth bool, o rs2.Option, least, most, step, value float64, writable bool) error {
	var add func(sensor uintptr, option int32, least, most, step, value float32, writable int32, e *uintptr)
	purego.RegisterFunc(&add, c.f.addOption)
	sensor := c.sensors[0]
	if depth {
		sensor = c.sensors[1]
	}
	var w int32
	if writable {
		w = 1
	}
	var e uintptr
	add(sensor, int32(o), float32(least), float32(most), float32(step), float32(value), w, &e)
	return c.l.Check(e)
}

// Device is a handle of the camera as a device, the caller's to close.
func (c *Camera) Device() (*rs2.Device, error) {
	p, err := c.do(c.f.fromSensor, c.sensors[0])
	if err != nil {
		return nil, err
	}
	return c.l.Adopt(p), nil
}

// Plug adds the camera to a context, whose watcher hears of it.
func (c *Camera) Plug(ctx *rs2.Context) error {
	_, err := c.do(c.f.addTo, ctx.Address(), c.dev)
	return err
}

// Color streams a colour image in the camera's format. Frames before the sensor is started are lost.
func (c *Camera) Color(number int, at time.Duration, domain rs2.Domain, pix []byte) error {
	return c.send(c.sensors[0], c.color, c.o.Calibration.Color.Width, c.bytes, number, at, domain, pix)
}

// Depth streams a depth image.
func (c *Camera) Depth(number int, at time.Duration, domain rs2.Domain, pix []uint16) error {
	data := make([]byte, 0, 2*len(pix))
	for _, z := range pix {
		data = append(data, byte(z), byte(z>>8))
	}
	return c.send(c.sensors[1], c.depth, c.o.Calibration.Depth.Width, 2, number, at, domain, data)
}

// send hands a copy in C's memory over, which C frees: rs2_software_video_frame in words.
func (c *Camera) send(sensor, profile uintptr, width, size, number int, at time.Duration, domain rs2.Domain, data []byte) error {
	step := width*size + c.o.Padding
	if c.o.Padding > 0 {
		var padded []byte
		for len(data) >= width*size {
			padded = append(padded, data[:width*size]...)
			padded = append(padded, make([]byte, c.o.Padding)...)
			data = data[width*size:]
		}
		data = padded
	}
	p := invoke(c.f.malloc, uintptr(max(len(data), 1)))
	if p == 0 {
		return fmt.Errorf("no memory for %d bytes", len(data))
	}
	copyTo(p, data)
	ms := float64(at) / 1e6
	frame := []uint64{uint64(p), uint64(c.f.free), uint64(uint32(step)) | uint64(uint32(size))<<32, math.Float64bits(ms),
		uint64(uint32(domain)) | uint64(uint32(number))<<32, uint64(profile), uint64(bits(c.o.Calibration.DepthScale))}
	_, err := c.doWith(c.f.frame, frame, sensor)
	return err
}

// Metadata sets a fact that comes with the sensor's next frames.
func (c *Camera) Metadata(depth bool, value rs2.Metadata, v int64) error {
	sensor := c.sensors[0]
	if depth {
		sensor = c.sensors[1]
	}
	_, err := c.do(c.f.metadata, sensor, uintptr(value), uintptr(v))
	return err
}

// Close frees the camera.
func (c *Camera) Close() {
	n := len(c.sensors)
	if c.o.OneSensor {
		n = 1
	}
	for _, s := range c.sensors[:n] {
		invoke(c.f.deleteSensor, s)
	}
	invoke(c.f.deleteDevice, c.dev)
}
