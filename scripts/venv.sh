#!/bin/sh
# Set the Python environment up with the pinned requirements, once: a stamp names the requirements it was made from.
set -eu
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
venv=${VENV:-.venv}
want=$(cksum < distill/requirements.txt)
stamp=$venv/requirements.stamp

[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && exit 0

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
	echo "venv: Python 3.11 or later is needed; set PYTHON=..." >&2
	exit 1
}
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "venv: installing distill/requirements.txt into $venv (several gigabytes: PyTorch)" >&2
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile -r distill/requirements.txt
echo "$want" > "$stamp"
