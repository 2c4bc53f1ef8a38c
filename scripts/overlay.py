"""Make docs/overlay.png: frames of the synthetic camera with the student's masks painted over.

    make build && .venv/bin/python scripts/overlay.py
"""

import pathlib
import subprocess
import tempfile

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[1]
SHOWN = [  # scene kind and frame of synth:seed=5,cut=1
    ("tabletop", 27), ("room", 3), ("tabletop", 10),
    ("room", 20), ("tabletop", 11), ("room", 39),
]  # fmt: skip
WIDTH, HEIGHT, COLUMNS = 320, 240, 3


def frames(folder):
    """The overlays of both kinds of scene, by kind and frame."""
    for scene in ("tabletop", "room"):
        source = f"synth:seed=5,scene={scene},cut=1,frames=40"
        subprocess.run([ROOT / "bin/edge", "run", source, "--format", "overlay", "-o", f"{folder}/{scene}", "--quiet"], check=True)
    return [Image.open(f"{folder}/{scene}/{frame:06d}.png") for scene, frame in SHOWN]


def main():
    rows = -(-len(SHOWN) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * WIDTH, rows * HEIGHT))
    with tempfile.TemporaryDirectory() as folder:
        for i, picture in enumerate(frames(folder)):
            small = picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
            sheet.paste(small, (i % COLUMNS * WIDTH, i // COLUMNS * HEIGHT))
    sheet.quantize(256).save(ROOT / "docs/overlay.png", optimize=True)


if __name__ == "__main__":
    main()
