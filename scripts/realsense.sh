#!/bin/bash
# Test RealSense cameras with the vendor's library, which the pyrealsense2 wheel carries: with the version that the Python
# environment has, and with the last that records bags.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
older=2.56.5.9235

scripts/venv.sh
venv=$(cd "${VENV:-.venv}" && pwd)
"$go" test -tags realsense -count=1 ./capture/realsense/...

target=$venv/librealsense-$older
if [ ! -d "$target/pyrealsense2" ]; then
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$target" "pyrealsense2==$older"
fi
PYTHONPATH=$target "$go" test -tags realsense -count=1 ./capture/realsense/...
