#!/bin/bash
# Build arm64.Dockerfile where no container engine runs and no registry is in reach: buildah with plain folders for
# storage and chroot for isolation, on a Go image made here from this machine's toolchain. Then take the binary out of
# the image and hold its masks of a recording, under qemu-user, to those of this machine's own build.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
most=$((25 * 1000 * 1000))
tag=localhost/depthwise:arm64
base=localhost/golang:local
archive=build/depthwise-arm64.tar

if [ "$("$go" env GOHOSTOS)/$("$go" env GOHOSTARCH)" != linux/amd64 ]; then
	echo 'image: made on linux/amd64 only; elsewhere use docker buildx, see arm64.Dockerfile' >&2
	exit 1
fi
cache=$("$go" env GOCACHE)
modules=$("$go" env GOMODCACHE)/cache/download
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static)
[ -x bin/edge ] || { echo 'image: run make build first' >&2; exit 1; }

work=$(mktemp -d) # outside the tree: Go must not take the image's files for packages
b() { buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$@"; }
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# 1. The base image: this machine's Go and a shell for RUN.
root=$work/golang
mkdir -p "$root"/{bin,root,tmp,usr/local/go}
chmod 1777 "$root/tmp"
cp /bin/dash "$root/bin/sh"
for library in $(ldd /bin/dash | grep -o '/[^ ]*'); do
	mkdir -p "$root$(dirname "$library")"
	cp -L "$library" "$root$library"
done
tar -C "$("$go" env GOROOT)" -cf - --exclude=testdata --exclude='*_test.go' VERSION go.env bin pkg src |
	tar -C "$root/usr/local/go" -xf -
container=$(b from scratch)
b add --quiet "$container" "$root" / > /dev/null
b config --env PATH=/usr/local/go/bin:/bin --env HOME=/root --env GOTOOLCHAIN=local --env GOPROXY=file:///proxy "$container"
b commit --quiet --rm "$container" "$base" > /dev/null

# 2. The image. The modules come from this machine's cache, as a file proxy; the build cache saves compiling all anew.
"$go" mod download
mkdir -p "$cache"
b build --isolation chroot --platform linux/arm64 -f arm64.Dockerfile -t "$tag" \
	--volume "$modules:/proxy:ro" --volume "$cache:/root/.cache/go-build:rw" \
	--build-arg BUILDPLATFORM=linux/amd64 --build-arg TARGETPLATFORM=linux/arm64 \
	--build-arg "GO_IMAGE=$base" --build-arg "VERSION=${VERSION:-unknown}" .

# 3. What it holds.
expect() {
	if [ "$2" != "$3" ]; then
		echo "image: $1 is $2, want $3" >&2
		exit 1
	fi
}
expect architecture "$(b inspect --type image --format '{{.OCIv1.Architecture}}' "$tag")" arm64
expect user "$(b inspect --type image --format '{{.OCIv1.Config.User}}' "$tag")" 65532:65532
container=$(b from --pull-never "$tag")
mounted=$(b mount "$container")
expect files "$(cd "$mounted" && find . -type f | sort | tr '\n' ' ')" './LICENSE ./edge '
bytes=$(du -sb "$mounted" | cut -f 1)
if [ "$bytes" -ge "$most" ]; then
	echo "image: $bytes bytes, at most $most" >&2
	exit 1
fi
cp "$mounted/edge" "$work/edge"
b umount "$container" > /dev/null

# 4. Its masks of a recording.
bin/edge record synth:seed=3,frames=3 -o "$work/recording" --quiet
bin/edge run "$work/recording" --format raw --quiet | sha256sum > "$work/here"
"$qemu" "$work/edge" run "$work/recording" --format raw --quiet | sha256sum > "$work/image"
expect "the image's mask stream" "$(cat "$work/image")" "$(cat "$work/here")"

# 5. For keeps: docker load -i takes it.
mkdir -p build
rm -f "$archive"
b push --quiet "$tag" "docker-archive:$archive:depthwise:arm64"
echo "image: $archive holds depthwise:arm64, $bytes bytes; its masks equal this machine's: $(cut -c 1-16 "$work/here")"
