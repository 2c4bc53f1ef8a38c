#!/bin/bash
# edge beside other runtimes: installs the peers in an environment of their own, once, then measures and writes
# docs/performance.md. Options go to python -m bench: bench.sh --rounds 3 --only tabletop
set -euo pipefail
cd "$(dirname "$0")/.."
venv=build/peers
want=$(cksum < bench/requirements.txt)
if [ "$(cat "$venv/requirements.stamp" 2> /dev/null)" != "$want" ]; then
	"${PYTHON:-python3}" -m venv "$venv"
	echo "bench: installing bench/requirements.txt into $venv" >&2
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	echo "$want" > "$venv/requirements.stamp"
fi
"$venv/bin/python" -m bench "$@"
