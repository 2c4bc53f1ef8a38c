#!/bin/sh
# The main job on the built-in synthetic camera and the built-in student: a recording, a folder of pictures, and the
# facts of each mask as JSON lines. Ends by itself.
set -eu
cd "$(dirname "$0")/.."

out=build/demo
rm -rf "$out"
mkdir -p "$out"

bin/edge record synth:seed=5,scene=room,cut=2,frames=40 -o "$out/recording"
bin/edge run "$out/recording" --format overlay -o "$out/overlay" --quiet
bin/edge run "$out/recording" --format ndjson -o "$out/masks.ndjson"

count=$(find "$out/overlay" -name '*.png' | wc -l | tr -d ' ')
cat <<END

$out/recording/     colour, depth and calibration of the synthetic camera
$out/overlay/       $count pictures with the classes painted over
$out/masks.ndjson   $count masks, one JSON object a line

Now with frames of your own:  bin/edge run FOLDER --format overlay -o pictures
Live in this terminal:        bin/edge run synth:
END
[ "$count" -eq 40 ]
