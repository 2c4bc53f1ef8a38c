// Package rosbag reads the .bag recordings of RealSense cameras, and other bags with a colour and a depth stream, as a
// [capture.Source], without ROS and without the vendor's library.
//
// A bag is read from front to back, and nothing but the frames in flight is held in memory. The index at its end is not
// used, so that a bag whose recording was cut off reads up to the tear ([Recording.Torn] says where). Colour and depth
// are paired by their capture times with a [capture.Pairer].
//
//	rec, err := rosbag.Open("desk.bag", rosbag.Options{})
//	if err != nil { … }
//	defer rec.Close()
//	var pair capture.Pair
//	for rec.Next(ctx, &pair) == nil {
//		…
//	}
//
// Read are chunks without compression, bzip2 and lz4; colour as rgb8, bgr8, rgba8, bgra8, yuyv, uyvy and grey; depth as
// mono16, 16UC1 and z16. Geometry comes from the camera_info and tf topics, the unit of depth from the sensor's option.
// Bags are untrusted: memory grows with what is really read, never with what a length field claims.
//
// Sources: the bag format, wiki.ros.org/Bags/Format/2.0; the message definitions of std_msgs, sensor_msgs and
// geometry_msgs; the topics and their meaning, librealsense src/media/ros/ros_file_format.h.
package rosbag
