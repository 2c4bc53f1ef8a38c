#!/bin/bash
# Fuzz every target of every package for a while each: fuzz.sh 10s. A crasher lands in the package's testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
each=${1:-60s}
count=0

for package in $("$go" list ./...); do
	folder=$("$go" list -f '{{.Dir}}' "$package")
	grep -qs '^func Fuzz' "$folder"/*_test.go || continue
	for target in $("$go" test -list '^Fuzz' "$package" | grep '^Fuzz'); do
		printf -- '-- %s %s\n' "${package#*/*/*/}" "$target"
		"$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$each" "$package" | tail -n 2
		count=$((count + 1))
	done
done
echo "fuzz: $count targets, $each each"
[ "$count" -gt 0 ]
