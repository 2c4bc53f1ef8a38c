//go:build realsense && (linux || darwin)

package rs2

import (
	"fmt"
	"reflect"

	"github.com/ebitengine/purego"
)

// api are the library's functions as C declares them: int is int32, every handle an address, the last argument where an
// error is put. The tag is the function's name; one marked optional is missing in some versions.
type api struct {
	GetAPIVersion func(e *uintptr) int32 `c:"rs2_get_api_version"`

	GetErrorMessage   func(e uintptr) string `c:"rs2_get_error_message"`
	GetFailedFunction func(e uintptr) string `c:"rs2_get_failed_function"`
	GetFailedArgs     func(e uintptr) string `c:"rs2_get_failed_args"`
	GetExceptionType  func(e uintptr) int32  `c:"rs2_get_librealsense_exception_type"`
	FreeError         func(e uintptr)        `c:"rs2_free_error"`

	CreateContext     func(version int32, e *uintptr) uintptr              `c:"rs2_create_context"`
	DeleteContext     func(ctx uintptr)                                    `c:"rs2_delete_context"`
	OnDevicesChanged  func(ctx, callback, user uintptr, e *uintptr)        `c:"rs2_set_devices_changed_callback"`
	QueryDevices      func(ctx uintptr, e *uintptr) uintptr                `c:"rs2_query_devices"`
	ContextAddDevice  func(ctx uintptr, file string, e *uintptr) uintptr   `c:"rs2_context_add_device"`
	ContextRemove     func(ctx uintptr, file string, e *uintptr)           `c:"rs2_context_remove_device"`
	GetDeviceCount    func(list uintptr, e *uintptr) int32                 `c:"rs2_get_device_count"`
	DeleteDeviceList  func(list uintptr)                                   `c:"rs2_delete_device_list"`
	DeviceListHas     func(list, dev uintptr, e *uintptr) int32            `c:"rs2_device_list_contains"`
	CreateDevice      func(list uintptr, i int32, e *uintptr) uintptr      `c:"rs2_create_device"`
	DeleteDevice      func(dev uintptr)                                    `c:"rs2_delete_device"`
	DeviceIsConnected func(dev uintptr, e *uintptr) int32                  `c:"rs2_device_is_connected,optional"`
	GetDeviceInfo     func(dev uintptr, info int32, e *uintptr) string     `c:"rs2_get_device_info"`
	SupportsInfo      func(dev uintptr, info int32, e *uintptr) int32      `c:"rs2_supports_device_info"`
	HardwareReset     func(dev uintptr, e *uintptr)                        `c:"rs2_hardware_reset"`
	IsDeviceA         func(dev uintptr, extension int32, e *uintptr) int32 `c:"rs2_is_device_extendable_to"`
	LoadJSON          func(dev uintptr, text *byte, n uint32, e *uintptr)  `c:"rs2_load_json"`

	QuerySensors     func(dev uintptr, e *uintptr) uintptr                        `c:"rs2_query_sensors"`
	DeleteSensorList func(list uintptr)                                           `c:"rs2_delete_sensor_list"`
	GetSensorsCount  func(list uintptr, e *uintptr) int32                         `c:"rs2_get_sensors_count"`
	CreateSensor     func(list uintptr, i int32, e *uintptr) uintptr              `c:"rs2_create_sensor"`
	DeleteSensor     func(sensor uintptr)                                         `c:"rs2_delete_sensor"`
	GetSensorInfo    func(sensor uintptr, info int32, e *uintptr) string          `c:"rs2_get_sensor_info"`
	SensorHasInfo    func(sensor uintptr, info int32, e *uintptr) int32           `c:"rs2_supports_sensor_info"`
	IsSensorA        func(sensor uintptr, extension int32, e *uintptr) int32      `c:"rs2_is_sensor_extendable_to"`
	GetDepthScale    func(sensor uintptr, e *uintptr) float32                     `c:"rs2_get_depth_scale"`
	OpenMultiple     func(sensor uintptr, profiles *uintptr, n int32, e *uintptr) `c:"rs2_open_multiple"`
	CloseSensor      func(sensor uintptr, e *uintptr)                             `c:"rs2_close"`
	Start            func(sensor, callback, user uintptr, e *uintptr)             `c:"rs2_start"`
	Stop             func(sensor uintptr, e *uintptr)                             `c:"rs2_stop"`

	GetStreamProfiles      func(sensor uintptr, e *uintptr) uintptr                                  `c:"rs2_get_stream_profiles"`
	GetStreamProfilesCount func(list uintptr, e *uintptr) int32                                      `c:"rs2_get_stream_profiles_count"`
	GetStreamProfile       func(list uintptr, i int32, e *uintptr) uintptr                           `c:"rs2_get_stream_profile"`
	DeleteStreamProfiles   func(list uintptr)                                                        `c:"rs2_delete_stream_profiles_list"`
	GetStreamProfileData   func(profile uintptr, stream, format, index, id, rate *int32, e *uintptr) `c:"rs2_get_stream_profile_data"`
	IsProfileA             func(profile uintptr, extension int32, e *uintptr) int32                  `c:"rs2_stream_profile_is"`
	GetResolution          func(profile uintptr, width, height *int32, e *uintptr)                   `c:"rs2_get_video_stream_resolution"`
	GetIntrinsics          func(profile uintptr, in *Intrinsics, e *uintptr)                         `c:"rs2_get_video_stream_intrinsics"`
	GetExtrinsics          func(from, to uintptr, ex *Extrinsics, e *uintptr)                        `c:"rs2_get_extrinsics"`

	SupportsOption func(sensor uintptr, option int32, e *uintptr) int32                              `c:"rs2_supports_option"`
	IsReadOnly     func(sensor uintptr, option int32, e *uintptr) int32                              `c:"rs2_is_option_read_only"`
	GetOption      func(sensor uintptr, option int32, e *uintptr) float32                            `c:"rs2_get_option"`
	SetOption      func(sensor uintptr, option int32, value float32, e *uintptr)                     `c:"rs2_set_option"`
	GetOptionRange func(sensor uintptr, option int32, least, most, step, usual *float32, e *uintptr) `c:"rs2_get_option_range"`
	DescribeValue  func(sensor uintptr, option int32, value float32, e *uintptr) string              `c:"rs2_get_option_value_description"`
	OptionName     func(option int32) string                                                         `c:"rs2_option_to_string"`
	FormatName     func(format int32) string                                                         `c:"rs2_format_to_string"`
	StreamName     func(stream int32) string                                                         `c:"rs2_stream_to_string"`
	DomainName     func(domain int32) string                                                         `c:"rs2_timestamp_domain_to_string"`
	InfoName       func(info int32) string                                                           `c:"rs2_camera_info_to_string"`
	MetadataName   func(value int32) string                                                          `c:"rs2_frame_metadata_to_string"`
	DistortionName func(model int32) string                                                          `c:"rs2_distortion_to_string"`

	ReleaseFrame     func(frame uintptr)                                    `c:"rs2_release_frame"`
	IsFrameA         func(frame uintptr, extension int32, e *uintptr) int32 `c:"rs2_is_frame_extendable_to"`
	EmbeddedFrames   func(frame uintptr, e *uintptr) int32                  `c:"rs2_embedded_frames_count"`
	ExtractFrame     func(frame uintptr, i int32, e *uintptr) uintptr       `c:"rs2_extract_frame"`
	GetFrameProfile  func(frame uintptr, e *uintptr) uintptr                `c:"rs2_get_frame_stream_profile"`
	GetFrameNumber   func(frame uintptr, e *uintptr) uint64                 `c:"rs2_get_frame_number"`
	GetTimestamp     func(frame uintptr, e *uintptr) float64                `c:"rs2_get_frame_timestamp"`
	GetDomain        func(frame uintptr, e *uintptr) int32                  `c:"rs2_get_frame_timestamp_domain"`
	GetData          func(frame uintptr, e *uintptr) *byte                  `c:"rs2_get_frame_data"`
	GetDataSize      func(frame uintptr, e *uintptr) int32                  `c:"rs2_get_frame_data_size"`
	GetFrameWidth    func(frame uintptr, e *uintptr) int32                  `c:"rs2_get_frame_width"`
	GetFrameHeight   func(frame uintptr, e *uintptr) int32                  `c:"rs2_get_frame_height"`
	GetStride        func(frame uintptr, e *uintptr) int32                  `c:"rs2_get_frame_stride_in_bytes"`
	SupportsMetadata func(frame uintptr, value int32, e *uintptr) int32     `c:"rs2_supports_frame_metadata"`
	GetMetadata      func(frame uintptr, value int32, e *uintptr) int64     `c:"rs2_get_frame_metadata"`

	CreateRecorder func(dev uintptr, file string, e *uintptr) uintptr `c:"rs2_create_record_device"`
	SetRealTime    func(dev uintptr, yes int32, e *uintptr)           `c:"rs2_playback_device_set_real_time"`
	PlaybackPause  func(dev uintptr, e *uintptr)                      `c:"rs2_playback_device_pause"`
	PlaybackResume func(dev uintptr, e *uintptr)                      `c:"rs2_playback_device_resume"`
	PlaybackStatus func(dev uintptr, e *uintptr) int32                `c:"rs2_playback_device_get_current_status"`
}

// bind finds every function.
func (a *api) bind(handle uintptr) error {
	v := reflect.ValueOf(a).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("c")
		optional := false
		if n := len(name) - len(",optional"); n > 0 && name[n:] == ",optional" {
			name, optional = name[:n], true
		}
		address, err := purego.Dlsym(handle, name)
		if err != nil {
			if optional {
				continue
			}
			return fmt.Errorf("it has no function %s", name)
		}
		purego.RegisterFunc(v.Field(i).Addr().Interface(), address)
	}
	return nil
}
