#!/bin/bash
# A soak: 30 frames a second with random faults for a time such as 30m, on the real clock.
set -euo pipefail
cd "$(dirname "$0")/.."
"${GO:-go}" test -count=1 -timeout 0 ./runtime -run TestSoak -v -soak "${1:-30m}"
