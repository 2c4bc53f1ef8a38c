#!/bin/bash
# Run the Go tests for arm64 under qemu-user: everything on the newest CPU model, and what chooses kernels on the models
# of boards: Cortex-A72 (Raspberry Pi 4: NEON, no dot product), Cortex-A76 (Raspberry Pi 5: dot product).
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static) || {
	echo 'arm64: qemu-user is missing' >&2
	exit 1
}
export GOOS=linux GOARCH=arm64

# All but the architecture test, which runs the go tool and says the same on every CPU.
mapfile -t packages < <("$go" list ./... | grep -v '/depthwise/depthwise$')
"$go" test -short -timeout 30m -exec "$qemu -cpu max" "${packages[@]}"
for cpu in cortex-a72 cortex-a76; do
	echo "-- $cpu"
	"$go" test -short -timeout 30m -exec "$qemu -cpu $cpu" ./quant/...
done

# The whole program: the shipped student's masks of a recording, on each CPU model and on this machine.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GOOS=$("$go" env GOHOSTOS) GOARCH=$("$go" env GOHOSTARCH) "$go" build -o "$work/here" ./cmd/edge
"$go" build -o "$work/arm64" ./cmd/edge
"$work/here" record synth:seed=3,frames=2,width=320,height=240 -o "$work/recording" --quiet
want=$("$work/here" run "$work/recording" --format raw --quiet | sha256sum)
for cpu in cortex-a72 cortex-a76 max; do
	got=$("$qemu" -cpu $cpu "$work/arm64" run "$work/recording" --format raw --quiet | sha256sum)
	if [ "$got" != "$want" ]; then
		echo "arm64: the masks of $cpu are not this machine's: $got, want $want" >&2
		exit 1
	fi
	echo "-- masks of $cpu: $(cut -c 1-16 <<< "$got"), as here"
done
