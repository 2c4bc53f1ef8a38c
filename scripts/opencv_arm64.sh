#!/bin/bash
# Build edge with the tag opencv for arm64 on a Debian-like amd64 machine: OpenCV's arm64 libraries are fetched and unpacked
# beside the tree, nothing is installed. Only OpenCV's own libraries are there: what they need in turn is looked up on the
# board, so that the binary cannot run here.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

command -v aarch64-linux-gnu-g++ > /dev/null || {
	echo 'opencv: g++-aarch64-linux-gnu is missing' >&2
	exit 1
}
root=$PWD/build/opencv-arm64
libraries=(core videoio imgproc imgcodecs calib3d)
if [ ! -e "$root/whole" ]; then
	rm -rf "$root"
	mkdir -p "$root/lists/partial" "$root/debs"
	only=(-o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o "Dir::State::lists=$root/lists" -o Dir::Cache::pkgcache=
		-o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
	apt-get "${only[@]}" update -qq
	packages=(libopencv-core-dev)
	for library in "${libraries[@]}"; do
		packages+=("libopencv-${library}406")
	done
	(cd "$root/debs" && apt-get "${only[@]}" download -qq "${packages[@]}")
	for package in "$root"/debs/*.deb; do
		dpkg -x "$package" "$root"
	done
	for library in "${libraries[@]}"; do
		ln -sf "libopencv_$library.so.406" "$root/usr/lib/aarch64-linux-gnu/libopencv_$library.so"
	done
	touch "$root/whole"
fi

export GOOS=linux GOARCH=arm64 CGO_ENABLED=1 CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++
export CGO_CXXFLAGS=-std=c++11 CGO_CPPFLAGS="-I$root/usr/include/aarch64-linux-gnu/opencv4 -I/usr/include/opencv4"
CGO_LDFLAGS="-L$root/usr/lib/aarch64-linux-gnu $(printf -- '-lopencv_%s ' "${libraries[@]}") -Wl,--unresolved-symbols=ignore-in-shared-libs"
export CGO_LDFLAGS
"$go" build -trimpath -tags customenv,opencv,gocv_specific_modules,gocv_videoio,gocv_calib3d -o "$root/edge" ./cmd/edge
case $(LC_ALL=C aarch64-linux-gnu-readelf -h -d "$root/edge") in
*AArch64*libopencv_videoio.so.406*) echo 'opencv: edge for arm64 is built' ;;
*)
	echo 'opencv: the binary is not for arm64 with OpenCV' >&2
	exit 1
	;;
esac
