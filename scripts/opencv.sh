#!/bin/bash
# Vet, build and test what the tag opencv adds, with the OpenCV that pkg-config finds. The tests make their videos by ffmpeg.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
tags=opencv,gocv_specific_modules,gocv_videoio,gocv_calib3d
export CGO_ENABLED=1

pkg-config --exists opencv4 || {
	echo 'opencv: OpenCV with its headers is missing (libopencv-dev)' >&2
	exit 1
}
"$go" vet -tags "$tags" ./capture/opencv ./cmd/edge
"$go" test -tags "$tags" -count=1 ./capture/opencv
"$go" test -tags "$tags" -count=1 -run FromABoard ./cmd/edge
"$go" build -tags "$tags" -o build/opencv/ ./cmd/edge

# From end to end: a video's colour with a recording's depth.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build/opencv/edge record synth:seed=3,frames=4,width=96,height=64 -o "$work/recording" --quiet
ffmpeg -v error -framerate 30 -pattern_type glob -i "$work/recording/rgb/*.png" -c:v ffv1 -pix_fmt bgr0 "$work/color.mkv"
pair="pair:opencv:$work/color.mkv+$work/recording+calibration=$work/recording/calibration.json+clock=begin"
build/opencv/edge run "$pair" --format raw --quiet | sha256sum > "$work/pair"
build/opencv/edge run "$work/recording" --format raw --quiet | sha256sum > "$work/whole"
diff "$work/pair" "$work/whole"
echo 'opencv: the masks of a video with recorded depth equal those of the recording'
