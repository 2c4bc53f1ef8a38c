#!/bin/bash
# The fault table: each kind of fault so often, at random frames. Pipelines run on a clock of their own, so that the
# seconds of an outage pass at once; processes take their time.
set -euo pipefail
cd "$(dirname "$0")/.."
times=${1:-200}

table=$(mktemp)
trap 'rm -f "$table"' EXIT
go=${GO:-go}
tests() {
	"$go" test -count=1 -timeout 60m "$@" -faults "$times" -table "$table" > "$table.log" 2>&1 || {
		cat "$table.log" "$table"
		rm -f "$table.log"
		exit 1
	}
	rm -f "$table.log"
}
tests ./runtime -run 'TestFaultTable|TestManyFaults' -soakfaults $((50 * times))
echo >> "$table"
tests ./cmd/edge -run TestProcessFaultTable -parallel 6 # they wait more than they work
cat "$table"
