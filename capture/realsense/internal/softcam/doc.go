// Package softcam makes cameras in software through librealsense2's own interface for that, so that tests have a live
// camera where none is attached: it streams what it is given, goes and comes back.
//
// The interface takes structures by value, which the rest of capture/realsense avoids. Here they are laid out by hand
// for each processor's calling convention, amd64's (System V ABI, 3.2.3: a structure above 16 bytes lies on the stack)
// and arm64's (AAPCS64, 6.8.2, rule B.4: it is passed as the address of a copy).
package softcam
