//go:build realsense && (linux || darwin)

package rs2

// A Context finds devices and tells of their coming and going.
type Context struct {
	l       *Library
	p       uintptr
	watcher uintptr // key of its function; 0 = none
}

// NewContext makes one. The library begins to look for devices.
func (l *Library) NewContext() (*Context, error) {
	var e uintptr
	p := l.CreateContext(Oldest, &e)
	if err := l.take(e); err != nil {
		return nil, err
	}
	return &Context{l: l, p: p}, nil
}

// Close frees the context. No call of its function begins afterwards.
func (c *Context) Close() {
	c.l.mu.Lock()
	delete(c.l.onChange, c.watcher)
	c.l.mu.Unlock()
	c.l.DeleteContext(c.p)
}

// Watch has f called, on a thread of the library's, when devices come or go. The lists are f's, to be closed.
func (c *Context) Watch(f func(removed, added DeviceList)) error {
	c.l.mu.Lock()
	c.l.next++
	c.watcher = c.l.next
	c.l.onChange[c.watcher] = f
	c.l.mu.Unlock()
	var e uintptr
	c.l.OnDevicesChanged(c.p, c.l.changes, c.watcher, &e)
	return c.l.take(e)
}

// change is what the library calls.
func (l *Library) change(removed, added, user uintptr) {
	l.mu.Lock()
	f := l.onChange[user]
	l.mu.Unlock()
	a, b := DeviceList{l, removed}, DeviceList{l, added}
	if f == nil {
		a.Close()
		b.Close()
		return
	}
	f(a, b)
}

// Devices lists what is there.
func (c *Context) Devices() (DeviceList, error) {
	var e uintptr
	p := c.l.QueryDevices(c.p, &e)
	return DeviceList{c.l, p}, c.l.take(e)
}

// Play adds a recording as a device.
func (c *Context) Play(file string) (*Device, error) {
	var e uintptr
	p := c.l.ContextAddDevice(c.p, file, &e)
	if err := c.l.take(e); err != nil {
		return nil, err
	}
	return &Device{c.l, p}, nil
}

// Remove takes a recording out again.
func (c *Context) Remove(file string) error {
	var e uintptr
	c.l.ContextRemove(c.p, file, &e)
	return c.l.take(e)
}

// A DeviceList names devices.
type DeviceList struct {
	l *Library
	p uintptr
}

// Close frees the list.
func (d DeviceList) Close() {
	if d.p != 0 {
		d.l.DeleteDeviceList(d.p)
	}
}

// Len is the number of devices.
func (d DeviceList) Len() (int, error) {
	var e uintptr
	n := d.l.GetDeviceCount(d.p, &e)
	return int(n), d.l.take(e)
}

// Has tells whether the list names the device.
func (d DeviceList) Has(dev *Device) bool {
	var e uintptr
	yes := d.l.DeviceListHas(d.p, dev.p, &e)
	return d.l.take(e) == nil && yes != 0
}

// Device opens the i-th.
func (d DeviceList) Device(i int) (*Device, error) {
	var e uintptr
	p := d.l.CreateDevice(d.p, int32(i), &e)
	if err := d.l.take(e); err != nil {
		return nil, err
	}
	return &Device{d.l, p}, nil
}

// A Device is a camera, a recording that plays, or one that is being made.
type Device struct {
	l *Library
	p uintptr
}

// Close frees the device.
func (d *Device) Close() { d.l.DeleteDevice(d.p) }

// Info is a fact about the device, empty where it does not tell it.
func (d *Device) Info(info Info) string {
	var e uintptr
	if yes := d.l.SupportsInfo(d.p, int32(info), &e); d.l.take(e) != nil || yes == 0 {
		return ""
	}
	s := d.l.GetDeviceInfo(d.p, int32(info), &e)
	if d.l.take(e) != nil {
		return ""
	}
	return s
}

// Connected tells whether the device is there, true where the library cannot tell.
func (d *Device) Connected() bool {
	if d.l.DeviceIsConnected == nil {
		return true
	}
	var e uintptr
	yes := d.l.DeviceIsConnected(d.p, &e)
	return d.l.take(e) != nil || yes != 0
}

// Reset resets the device as if its cable had been pulled.
func (d *Device) Reset() error {
	var e uintptr
	d.l.HardwareReset(d.p, &e)
	return d.l.take(e)
}

// Is tells whether the device is of a kind.
func (d *Device) Is(x Extension) bool {
	var e uintptr
	yes := d.l.IsDeviceA(d.p, int32(x), &e)
	return d.l.take(e) == nil && yes != 0
}

// Configure sends settings as the library's viewer writes them, JSON.
func (d *Device) Configure(json []byte) error {
	if len(json) == 0 {
		return &Error{InvalidValue, "rs2_load_json", "no settings"}
	}
	var e uintptr
	d.l.LoadJSON(d.p, &json[0], uint32(len(json)), &e)
	return d.l.take(e)
}

// Record makes a device that does what this one does and writes its frames into a file, which is complete when the new
// device is closed.
func (d *Device) Record(file string) (*Device, error) {
	var e uintptr
	p := d.l.CreateRecorder(d.p, file, &e)
	if err := d.l.take(e); err != nil {
		return nil, err
	}
	return &Device{d.l, p}, nil
}

// SetRealTime has a recording play at its own pace, or as fast as its frames are taken.
func (d *Device) SetRealTime(yes bool) error {
	var e uintptr
	var v int32
	if yes {
		v = 1
	}
	d.l.SetRealTime(d.p, v, &e)
	return d.l.take(e)
}

// Pause holds a recording.
func (d *Device) Pause() error {
	var e uintptr
	d.l.PlaybackPause(d.p, &e)
	return d.l.take(e)
}

// Resume lets a recording go on.
func (d *Device) Resume() error {
	var e uintptr
	d.l.PlaybackResume(d.p, &e)
	return d.l.take(e)
}

// Status is that of a recording.
func (d *Device) Status() (Status, error) {
	var e uintptr
	s := d.l.PlaybackStatus(d.p, &e)
	return Status(s), d.l.take(e)
}

// Sensors opens the device's sensors.
func (d *Device) Sensors() ([]*Sensor, error) {
	var e uintptr
	list := d.l.QuerySensors(d.p, &e)
	if err := d.l.take(e); err != nil {
		return nil, err
	}
	defer d.l.DeleteSensorList(list)
	n := d.l.GetSensorsCount(list, &e)
	if err := d.l.take(e); err != nil {
		return nil, err
	}
	var sensors []*Sensor
	for i := range n {
		p := d.l.CreateSensor(list, i, &e)
		if err := d.l.take(e); err != nil {
			for _, s := range sensors {
				s.Free()
			}
			return nil, err
		}
		sensors = append(sensors, &Sensor{l: d.l, p: p})
	}
	return sensors, nil
}
