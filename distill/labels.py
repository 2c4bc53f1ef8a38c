"""Hand-drawn polygon labels → folders that `edge eval` and the loaders read.

    python -m distill.labels RECORDINGS OUT [--json distill/labels/rooms.json]

writes OUT/<recording>/{color,depth,label3}: links to the labelled frames of RECORDINGS/<recording> and one 8-bit PNG
of classes beside each. A file without "classes" has those of `tabletop`: 0 background, 1 table, 2 object. 255 is not
labelled. The polygons are ours; the pictures stay where they are.
"""

import argparse
import hashlib
import json
import os
from pathlib import Path
import subprocess

from PIL import Image, ImageDraw

VOID = 255
FOLDER = Path(__file__).parent / "labels"
ROOMS, VIEWS, INDOOR = FOLDER / "rooms.json", FOLDER / "views.json", FOLDER / "indoor.json"
HELD_OUT = (ROOMS, VIEWS, INDOOR)  # they validate: trained on nowhere
TAUGHT = FOLDER / "taught.json"  # for training


def classes(path=ROOMS):
    """Ids by name: the file's own list, else those of `tabletop`; then "void"."""
    names = json.loads(Path(path).read_text()).get("classes", ["background", "table", "object"])
    return {name: i for i, name in enumerate(names)} | {"void": VOID}


def read(path=ROOMS):
    """The polygons of every frame: {"recording/stem": [{"class": name, "polygon": [[x, y], …]}, …]}, in the order that they
    are painted in. Those that the files under "then" have for the same frames come last."""
    stored, known = json.loads(Path(path).read_text()), classes(path)
    more = [read(Path(path).parent / other) for other in stored.get("then", [])]
    frames = {name: sum((other.get(name, []) for other in more), shapes) for name, shapes in stored["frames"].items()}
    for name, shapes in frames.items():
        for i, shape in enumerate(shapes):
            if shape["class"] not in known or len(shape["polygon"]) < 3:
                raise ValueError(f"labels: {path}: {name}: shape {i} needs a known class and three corners")
    return frames


def drawn(recording, paths):
    """The stems of a recording's frames that one of these files labels by itself."""
    names = (name.split("/") for path in paths for name in read(path))
    return {stem for of, stem in names if of == recording}


def edition():
    """Eight hexadecimal digits that change with the labels: part of the name of what is prepared with them, or without
    the frames that they keep out of training."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.glob("*.json")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def rasterise(shapes, width, height, known, ground=0, under=None):
    """Paints the polygons, drawn on an image of width × height, in order over the class `ground`, or over classes
    `under` at their own size: an 8-bit image of classes. known has the ids by name."""
    image = Image.new("L", (width, height), ground) if under is None else Image.fromarray(under)
    sx, sy = image.width / width, image.height / height
    draw = ImageDraw.Draw(image)
    for shape in shapes:
        draw.polygon([(x * sx, y * sy) for x, y in shape["polygon"]], fill=known[shape["class"]])
    return image


def find(folder, stem):
    """The one file of this stem in a folder, whatever its extension."""
    hits = sorted(folder.glob(stem + ".*"))
    if len(hits) != 1:
        raise FileNotFoundError(f"labels: {folder}: {len(hits)} files named {stem}.*, want 1")
    return hits[0]


def unpacked(recordings, name, out, edge):
    """The folder of a recording: RECORDINGS/<name>, or what `edge record` makes of the one file RECORDINGS/<name>.*."""
    folder = Path(recordings) / name
    if folder.is_dir():
        return folder
    file, folder = find(Path(recordings), name), Path(out) / ".unpacked" / name
    if not folder.exists():
        subprocess.run([edge, "record", str(file), "--register", "-q", "-o", str(folder)], check=True)
    return folder


def link(source, target):
    """A symbolic link at target, if nothing is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        os.symlink(source.resolve(), target)


def export(recordings, out, path=ROOMS, edge="bin/edge"):
    """Writes the labelled frames under out and returns the recordings' folders. What no polygon covers is the first class,
    or not labelled where the file says "ground": "void". edge is the binary, for recordings that are one file."""
    known = classes(path)
    ground = known[json.loads(Path(path).read_text()).get("ground", next(iter(known)))]
    frames = {name: shapes for name, shapes in read(path).items() if not name.endswith("/*")}
    for name, shapes in frames.items():
        recording, stem = name.split("/")
        source, target = unpacked(recordings, recording, out, edge), Path(out) / recording
        color = find(source / ("color" if (source / "color").is_dir() else "rgb"), stem)
        depth = find(source / "depth", stem)
        link(color, target / "color" / color.name)
        link(depth, target / "depth" / depth.name)
        if (source / "calibration.json").exists():
            link(source / "calibration.json", target / "calibration.json")
        label = target / f"label{len(known) - 1}" / (stem + ".png")
        label.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(color) as image:
            rasterise(shapes, *image.size, known, ground).save(label)
    return sorted({Path(out) / name.split("/")[0] for name in frames})


def main():
    parser = argparse.ArgumentParser(prog="python -m distill.labels", description=__doc__.split("\n")[0])
    parser.add_argument("recordings", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--json", type=Path, default=ROOMS)
    parser.add_argument("--edge", default="bin/edge", help="the edge binary, for recordings that are one file")
    args = parser.parse_args()
    folders = export(args.recordings, args.out, args.json, args.edge)
    print(f"labelled frames of {len(folders)} recordings in {args.out}")


if __name__ == "__main__":
    main()
