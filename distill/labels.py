"""Hand-drawn polygon labels → folders that `edge eval` and the loaders read.

    python -m distill.labels RECORDINGS OUT [--json distill/labels/rooms.json]

writes OUT/<recording>/{color,depth,label3}: links to the labelled frames of RECORDINGS/<recording> and one 8-bit PNG
of classes beside each (0 background, 1 table, 2 object, 255 not labelled). The polygons are ours; the pictures stay
where they are.
"""

import argparse
import json
import os
from pathlib import Path

from PIL import Image, ImageDraw

CLASSES = {"background": 0, "table": 1, "object": 2, "void": 255}
DEFAULT = Path(__file__).parent / "labels" / "rooms.json"  # for validation: trained on nowhere
TAUGHT = Path(__file__).parent / "labels" / "taught.json"  # for training


def read(path=DEFAULT):
    """The polygons of every frame: {"recording/stem": [{"class": name, "polygon": [[x, y], …]}, …]}."""
    frames = json.loads(Path(path).read_text())["frames"]
    for name, shapes in frames.items():
        for i, shape in enumerate(shapes):
            if shape["class"] not in CLASSES or len(shape["polygon"]) < 3:
                raise ValueError(f"labels: {path}: {name}: shape {i} needs a known class and three corners")
    return frames


def rasterise(shapes, width, height, under=None):
    """Paints the polygons, drawn on an image of width × height, in order over background, or over classes `under` at
    their own size: an 8-bit image of classes."""
    image = Image.new("L", (width, height), CLASSES["background"]) if under is None else Image.fromarray(under)
    sx, sy = image.width / width, image.height / height
    draw = ImageDraw.Draw(image)
    for shape in shapes:
        draw.polygon([(x * sx, y * sy) for x, y in shape["polygon"]], fill=CLASSES[shape["class"]])
    return image


def find(folder, stem):
    """The one file of this stem in a folder, whatever its extension."""
    hits = sorted(folder.glob(stem + ".*"))
    if len(hits) != 1:
        raise FileNotFoundError(f"labels: {folder}: {len(hits)} files named {stem}.*, want 1")
    return hits[0]


def export(recordings, out, path=DEFAULT):
    """Writes the labelled frames under out and returns how many there are."""
    frames = {name: shapes for name, shapes in read(path).items() if not name.endswith("/*")}
    for name, shapes in frames.items():
        recording, stem = name.split("/")
        color = find(Path(recordings) / recording / "color", stem)
        depth = find(Path(recordings) / recording / "depth", stem)
        for kind, source in (("color", color), ("depth", depth)):
            link = Path(out) / recording / kind / source.name
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                os.symlink(source.resolve(), link)
        label = Path(out) / recording / "label3" / (stem + ".png")
        label.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(color) as image:
            rasterise(shapes, *image.size).save(label)
    return len(frames)


def main():
    parser = argparse.ArgumentParser(prog="python -m distill.labels", description=__doc__.split("\n")[0])
    parser.add_argument("recordings", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--json", type=Path, default=DEFAULT)
    args = parser.parse_args()
    print(f"{export(args.recordings, args.out, args.json)} labelled frames in {args.out}")


if __name__ == "__main__":
    main()
