#!/bin/bash
# Test RealSense cameras with the vendor's library, which the pyrealsense2 wheel carries: with the version that the Python
# environment has, and with the last that records bags.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
older=2.56.5.9235

scripts/venv.sh
venv=$(cd "${VENV:-.venv}" && pwd)
REALSENSE_LIB=$("$venv/bin/python" scripts/realsense_lib.py)
export REALSENSE_LIB
"$go" test -tags realsense -count=1 ./capture/realsense/...
"$go" test -tags realsense -count=1 -run RealSense ./cmd/edge

if ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info >= (3, 14))'; then
	echo "realsense: pyrealsense2 $older has no wheel for this Python: not tested with it" >&2
	exit 0
fi
target=$venv/librealsense-$older
if [ ! -d "$target/pyrealsense2" ]; then
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$target" "pyrealsense2==$older"
fi
REALSENSE_LIB=$(PYTHONPATH=$target "$venv/bin/python" scripts/realsense_lib.py)
"$go" test -tags realsense -count=1 ./capture/realsense/...
