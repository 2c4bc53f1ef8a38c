#!/bin/bash
# Instructions that a frame takes on arm64, counted by qemu-user: docs/arm64.md. The difference between 3 frames and 1,
# halved, so that loading and starting do not count. Needs clang-19 and qemu-user.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clang-19 -O2 -shared -fPIC -o "$work/insn.so" scripts/insn.c
"${GO:-go}" build -o "$work/edge" ./cmd/edge
GOARCH=arm64 "${GO:-go}" build -o "$work/edge-arm64" ./cmd/edge
"$work/edge" record synth:seed=7,width=160,height=120 -o "$work/pairs" -n 3 -q
count() { # core, model, frames
	qemu-aarch64 -cpu "$1" -plugin "$work/insn.so" "$work/edge-arm64" run "$work/pairs" --model "$2" --size model -n "$3" \
		-f ndjson --threads 1 -q 2>&1 > /dev/null | sed -n 's/^instructions //p'
}
for model in tabletop tabletop-nano; do
	for core in cortex-a72 cortex-a76; do
		one=$(count $core $model 1)
		three=$(count $core $model 3)
		echo "$model $core $(((three - one) / 2))"
	done
done
