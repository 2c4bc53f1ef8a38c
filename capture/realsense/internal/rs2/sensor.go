//go:build realsense && (linux || darwin)

package rs2

import "fmt"

// A Sensor is a part of a device that streams and has options.
type Sensor struct {
	l    *Library
	p    uintptr
	user uintptr // key of its function while it streams
	list uintptr // of profiles, which live as long
}

// Free frees the sensor and its profiles.
func (s *Sensor) Free() {
	s.forget()
	if s.list != 0 {
		s.l.DeleteStreamProfiles(s.list)
	}
	s.l.DeleteSensor(s.p)
}

// Name is the sensor's name, such as "Stereo Module".
func (s *Sensor) Name() string {
	var e uintptr
	if yes := s.l.SensorHasInfo(s.p, int32(Name), &e); s.l.take(e) != nil || yes == 0 {
		return "sensor"
	}
	name := s.l.GetSensorInfo(s.p, int32(Name), &e)
	if s.l.take(e) != nil {
		return "sensor"
	}
	return name
}

// Is tells whether the sensor is of a kind.
func (s *Sensor) Is(x Extension) bool {
	var e uintptr
	yes := s.l.IsSensorA(s.p, int32(x), &e)
	return s.l.take(e) == nil && yes != 0
}

// DepthScale is metres per unit.
func (s *Sensor) DepthScale() (float32, error) {
	var e uintptr
	scale := s.l.GetDepthScale(s.p, &e)
	return scale, s.l.take(e)
}

// A Profile is one way in which a sensor can stream. It is valid until its sensor is freed.
type Profile struct {
	l             *Library
	p             uintptr
	Stream        Stream
	Format        Format
	Index         int
	ID            int // the same in its frames
	Rate          int // frames a second
	Width, Height int
}

func (p Profile) String() string {
	return fmt.Sprintf("%dx%d@%d %s", p.Width, p.Height, p.Rate, p.l.FormatName(int32(p.Format)))
}

// Profiles lists the sensor's video profiles.
func (s *Sensor) Profiles() ([]Profile, error) {
	var e uintptr
	list := s.l.GetStreamProfiles(s.p, &e)
	if err := s.l.take(e); err != nil {
		return nil, err
	}
	if s.list != 0 {
		s.l.DeleteStreamProfiles(s.list)
	}
	s.list = list
	n := s.l.GetStreamProfilesCount(list, &e)
	if err := s.l.take(e); err != nil {
		return nil, err
	}
	var all []Profile
	for i := range n {
		p := s.l.GetStreamProfile(list, i, &e)
		if err := s.l.take(e); err != nil {
			return nil, err
		}
		yes := s.l.IsProfileA(p, int32(VideoProfile), &e)
		if err := s.l.take(e); err != nil {
			return nil, err
		}
		if yes == 0 {
			continue
		}
		profile, err := s.l.profile(p)
		if err != nil {
			return nil, err
		}
		all = append(all, profile)
	}
	return all, nil
}

func (l *Library) profile(p uintptr) (Profile, error) {
	var e uintptr
	var stream, format, index, id, rate, width, height int32
	l.GetStreamProfileData(p, &stream, &format, &index, &id, &rate, &e)
	if err := l.take(e); err != nil {
		return Profile{}, err
	}
	l.GetResolution(p, &width, &height, &e)
	return Profile{l, p, Stream(stream), Format(format), int(index), int(id), int(rate), int(width), int(height)}, l.take(e)
}

// Intrinsics is the geometry of the profile's camera.
func (p Profile) Intrinsics() (Intrinsics, error) {
	var e uintptr
	in := new(Intrinsics)
	p.l.GetIntrinsics(p.p, in, &e)
	return *in, p.l.take(e)
}

// ExtrinsicsTo leads from the profile's camera to another's.
func (p Profile) ExtrinsicsTo(to Profile) (Extrinsics, error) {
	var e uintptr
	ex := new(Extrinsics)
	p.l.GetExtrinsics(p.p, to.p, ex, &e)
	return *ex, p.l.take(e)
}

// Open prepares the sensor to stream the profiles.
func (s *Sensor) Open(profiles ...Profile) error {
	addresses := make([]uintptr, len(profiles))
	for i, p := range profiles {
		addresses[i] = p.p
	}
	var e uintptr
	s.l.OpenMultiple(s.p, &addresses[0], int32(len(addresses)), &e)
	return s.l.take(e)
}

// Start has f called with every frame, on a thread of the library's. The frame is f's, to be released; while f does not
// return the library waits, and drops what it has no room for. The sensor must have been opened.
func (s *Sensor) Start(f func(Frame)) error {
	s.l.mu.Lock()
	s.l.next++
	s.user = s.l.next
	s.l.onFrame[s.user] = f
	s.l.mu.Unlock()
	var e uintptr
	s.l.Start(s.p, s.l.frames, s.user, &e)
	if err := s.l.take(e); err != nil {
		s.forget()
		return err
	}
	return nil
}

// forget takes the function away: frames that still come are released.
func (s *Sensor) forget() {
	s.l.mu.Lock()
	delete(s.l.onFrame, s.user)
	s.l.mu.Unlock()
}

// Stop ends the stream. Frames may come until it returns.
func (s *Sensor) Stop() error {
	var e uintptr
	s.l.Stop(s.p, &e)
	s.forget()
	return s.l.take(e)
}

// Close undoes Open; the sensor must not stream.
func (s *Sensor) Close() error {
	var e uintptr
	s.l.CloseSensor(s.p, &e)
	return s.l.take(e)
}

// Supports tells whether the sensor has an option.
func (s *Sensor) Supports(o Option) bool {
	var e uintptr
	yes := s.l.SupportsOption(s.p, int32(o), &e)
	return s.l.take(e) == nil && yes != 0
}

// ReadOnly tells whether an option cannot be set.
func (s *Sensor) ReadOnly(o Option) bool {
	var e uintptr
	yes := s.l.IsReadOnly(s.p, int32(o), &e)
	return s.l.take(e) == nil && yes != 0
}

// Option is an option's value.
func (s *Sensor) Option(o Option) (float32, error) {
	var e uintptr
	v := s.l.GetOption(s.p, int32(o), &e)
	return v, s.l.take(e)
}

// SetOption sets an option.
func (s *Sensor) SetOption(o Option, v float32) error {
	var e uintptr
	s.l.SetOption(s.p, int32(o), v, &e)
	return s.l.take(e)
}

// Range is what an option may be.
func (s *Sensor) Range(o Option) (least, most, step float32, err error) {
	var e uintptr
	r := new([4]float32)
	s.l.GetOptionRange(s.p, int32(o), &r[0], &r[1], &r[2], &r[3], &e)
	return r[0], r[1], r[2], s.l.take(e)
}

// Describe is the name of an option's value, empty where it has none.
func (s *Sensor) Describe(o Option, v float32) string {
	var e uintptr
	words := s.l.DescribeValue(s.p, int32(o), v, &e)
	if s.l.take(e) != nil {
		return ""
	}
	return words
}
