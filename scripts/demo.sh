#!/bin/sh
# The main job on the built-in synthetic camera and the built-in student: a folder of pictures, and the facts of each
# mask as JSON lines. Ends by itself.
set -eu
cd "$(dirname "$0")/.."

out=build/demo
source=synth:seed=7,frames=40
rm -rf "$out"
mkdir -p "$out"

bin/edge run "$source" --format overlay -o "$out/overlay"
bin/edge run "$source" --format ndjson -o "$out/masks.ndjson" --quiet

cat <<END

Pictures, camera with classes painted over:  $out/overlay/  ($(find "$out/overlay" -name '*.png' | wc -l | tr -d ' ') files)
Masks, one JSON object a line:                $out/masks.ndjson

Now with frames of your own:  bin/edge run FOLDER --format overlay -o pictures
Live in this terminal:        bin/edge run synth:
END
