//go:build realsense && (linux || darwin)

package rs2

// Stream is rs2_stream.
type Stream int32

const (
	Depth Stream = 1
	Color Stream = 2
)

// Format is rs2_format.
type Format int32

const (
	Z16   Format = 1
	YUYV  Format = 4
	RGB8  Format = 5
	BGR8  Format = 6
	RGBA8 Format = 7
	BGRA8 Format = 8
	Y8    Format = 9
	UYVY  Format = 14
)

// Info is rs2_camera_info.
type Info int32

const (
	Name         Info = 0
	Serial       Info = 1
	Firmware     Info = 2
	Recommended  Info = 3 // firmware
	PhysicalPort Info = 4
	USBType      Info = 9 // such as "3.2"
)

// Extension is rs2_extension.
type Extension int32

const (
	DepthSensor    Extension = 7
	CompositeFrame Extension = 10
	VideoProfile   Extension = 15
	PlaybackDevice Extension = 16
)

// Option is rs2_option.
type Option int32

const (
	Exposure          Option = 3
	Gain              Option = 4
	AutoExposure      Option = 10
	VisualPreset      Option = 12
	LaserPower        Option = 13
	EmitterEnabled    Option = 18
	DepthUnits        Option = 28
	InterCamSyncMode  Option = 42
	GlobalTimeEnabled Option = 53
)

// Domain is rs2_timestamp_domain: whose clock a frame's time is of.
type Domain int32

const (
	HardwareClock Domain = 0
	SystemTime    Domain = 1
	GlobalTime    Domain = 2
)

// Metadata is rs2_frame_metadata_value.
type Metadata int32

const (
	FrameCounter     Metadata = 0
	FrameTimestamp   Metadata = 1 // µs, the camera's clock, when the frame's transfer began
	SensorTimestamp  Metadata = 2 // µs, the camera's clock, the middle of the exposure
	ActualExposure   Metadata = 3 // µs
	GainLevel        Metadata = 4
	AutoExposureOn   Metadata = 5
	TimeOfArrival    Metadata = 7 // ms, the host's clock
	Temperature      Metadata = 8
	BackendTimestamp Metadata = 9  // ms, the host's clock, when the kernel had the frame
	ActualFPS        Metadata = 10 // frames a second; since 2.56 a thousandth of that
	LaserPowerLevel  Metadata = 11
	EmitterMode      Metadata = 29
)

// Distortion is rs2_distortion.
type Distortion int32

const (
	NoDistortion         Distortion = 0
	ModifiedBrownConrady Distortion = 1
	InverseBrownConrady  Distortion = 2
	BrownConrady         Distortion = 4
)

// Status is rs2_playback_status.
type Status int32

// Stopped is the status of a recording that has been played to its end.
const Stopped Status = 3

// Intrinsics is rs2_intrinsics.
type Intrinsics struct {
	Width, Height int32
	Cx, Cy        float32
	Fx, Fy        float32
	Model         Distortion
	Coeffs        [5]float32
}

// Extrinsics is rs2_extrinsics.
type Extrinsics struct {
	Rotation    [9]float32 // column-major
	Translation [3]float32 // metres
}
