#!/bin/bash
# Generate the committed assembly and protobuf code again, outside the tree, and compare.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
new=$(mktemp -d) # outside the tree: Go must not take it for packages
trap 'rm -rf "$new"' EXIT

# Kernels: the same clang gives the same bytes.
cp -r quant/internal/kernel "$new/kernel"
"$go" run ./quant/internal/kernel/asmgen -C "$new/kernel"
diff -r quant/internal/kernel "$new/kernel"
cp -r internal/pixel "$new/pixel"
"$go" run ./quant/internal/kernel/asmgen -C "$new/pixel"
diff -r internal/pixel "$new/pixel"

# Wire schema: the compiler's version stands in a comment and may differ.
cp -r quant/internal/onnx/wire "$new/wire"
"$go" build -o "$new/bin/" google.golang.org/protobuf/cmd/protoc-gen-go
(cd "$new/wire" && PATH="$new/bin:$PATH" protoc --go_out=. --go_opt=paths=source_relative wire.proto)
diff <(grep -v '^// 	protoc  ' quant/internal/onnx/wire/wire.pb.go) <(grep -v '^// 	protoc  ' "$new/wire/wire.pb.go")
echo 'generated code is up to date'
