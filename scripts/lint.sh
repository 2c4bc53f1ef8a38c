#!/bin/bash
# Formatting and static checks.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}

unformatted=$(git ls-files -z '*.go' | xargs -0 "$("$go" env GOROOT)/bin/gofmt" -l)
if [ -n "$unformatted" ]; then
	printf 'lint: gofmt would change:\n%s\n' "$unformatted" >&2
	exit 1
fi
"$go" vet ./...
"$go" run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
"$go" vet -tags realsense ./capture/realsense/... ./cmd/edge
"$go" run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags realsense ./capture/realsense/... ./cmd/edge
if command -v shellcheck > /dev/null; then
	shellcheck .ci/run scripts/*.sh
elif [ -n "${CI:-}" ]; then
	echo 'lint: shellcheck is missing' >&2
	exit 1
fi

# A path of one machine, or a mark of unfinished work, is no part of the project.
if git grep -nIE '(^|[^A-Za-z0-9._/-])/(work|home|root)/[A-Za-z.]' -- . ':!scripts/lint.sh' ':!scripts/image.sh' ':!arm64.Dockerfile'; then
	echo 'lint: paths of one machine' >&2
	exit 1
fi
if git grep -nIE '\b(TODO|FIXME|XXX)\b' -- '*.go' '*.py' '*.sh' '*.c' ':!scripts/lint.sh'; then
	echo 'lint: unfinished work' >&2
	exit 1
fi
