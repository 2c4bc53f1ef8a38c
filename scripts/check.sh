#!/bin/bash
# Every check of CI in order, quick ones first, with the seconds each took. The first failure ends it.
set -euo pipefail
cd "$(dirname "$0")/.."

make=${MAKE:-make}
before=$(git status --porcelain)
if [ -n "${CI:-}" ] && [ -n "$before" ]; then
	printf 'check: the tree is not clean:\n%s\n' "$before" >&2
	exit 1
fi

report=
step() {
	local start=$SECONDS
	printf '\n== %s\n' "$1"
	"${@:2}"
	report+=$(printf '%6d s  %s' $((SECONDS - start)) "$1")$'\n'
}

unchanged() {
	local after
	after=$(git status --porcelain)
	if [ "$after" != "$before" ]; then
		diff <(echo "$before") <(echo "$after") || true
		echo 'check: the checks changed the tree' >&2
		return 1
	fi
}

step 'lint'             "$make" -s lint
step 'build'            "$make" -s build
step 'other systems'    "$make" -s cross
step 'generated code'   "$make" -s generated
step 'tests'            "$make" -s test
step 'opencv'           "$make" -s opencv
step 'race detector'    "$make" -s race
step 'arm64 under qemu' "$make" -s arm64
step 'arm64 image'      "$make" -s image
step 'fuzz, 5 s each'   scripts/fuzz.sh 5s
step 'demo'             "$make" -s demo
step 'tree unchanged'   unchanged

printf '\n%s\ncheck: all passed in %d s\n' "$report" "$SECONDS"
