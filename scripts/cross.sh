#!/bin/bash
# Compile, tests included, for the systems that Depthwise supports, hold the stripped Linux binaries to their size, and compile
# for one that only generic Go serves.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
most=$((15 * 1000 * 1000))

for system in linux/amd64 linux/arm64 darwin/arm64 windows/amd64; do
	export GOOS=${system%/*} GOARCH=${system#*/}
	out=build/cross/$GOOS-$GOARCH
	"$go" build -trimpath -ldflags '-s -w' -o "$out/" ./cmd/edge
	"$go" vet ./...
	if [ "$GOOS" != windows ]; then # where librealsense2 can be opened
		"$go" build -tags realsense -o "$out-realsense/" ./cmd/edge
		"$go" vet -tags realsense ./capture/realsense/... ./cmd/edge
	fi
	bytes=$(cat "$out"/edge* | wc -c)
	printf '%-14s %9d bytes\n' "$system" "$bytes"
	if [ "$GOOS" = linux ] && [ "$bytes" -ge "$most" ]; then
		echo "cross: $system: $bytes bytes, at most $most" >&2
		exit 1
	fi
done

GOOS=linux GOARCH=riscv64 "$go" build -o /dev/null ./cmd/edge # where there is no assembly of ours
