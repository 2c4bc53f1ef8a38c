#!/bin/bash
# Fuzz every target of every package for a while each: fuzz.sh 10s. A crasher lands in the package's testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
each=${1:-60s}
count=0

# The go tool sometimes takes the end of the time for a failure of the target: then its words hold "context deadline
# exceeded" and no crasher was written. That target runs again; a crasher fails at once.
fuzz() {
	local words
	for _ in 1 2 3; do
		if words=$("$go" test -run '^$' -fuzz "^$2\$" -fuzztime "$each" "$1" 2>&1); then
			tail -n 2 <<< "$words"
			return
		fi
		if ! grep -q 'context deadline exceeded' <<< "$words" || grep -q 'Failing input written' <<< "$words"; then
			break
		fi
	done
	echo "$words"
	return 1
}

for package in $("$go" list ./...); do
	folder=$("$go" list -f '{{.Dir}}' "$package")
	grep -qs '^func Fuzz' "$folder"/*_test.go || continue
	for target in $("$go" test -list '^Fuzz' "$package" | grep '^Fuzz'); do
		printf -- '-- %s %s\n' "${package#*/*/*/}" "$target"
		fuzz "$package" "$target"
		count=$((count + 1))
	done
done
echo "fuzz: $count targets, $each each"
[ "$count" -gt 0 ]
