"""Read the runtime's mask formats back with other programs' decoders: pycocotools, Pillow and ffmpeg.

A test of the Go package mask writes one small set of masks in every format, and the classes and the camera image that
went in; every decoder must give back those.
"""

import json
import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

ROOT = pathlib.Path(__file__).resolve().parents[2]
FRAMES, HEIGHT, WIDTH = 3, 43, 61
NAMES = {"background": 0, "table": 1, "object": 2, "void": 255}
COLORS = {0: (0, 0, 0), 1: (0x2E, 0x86, 0xDE), 2: (0xFF, 0x9F, 0x43)}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder with every format."""
    folder = tmp_path_factory.mktemp("masks")
    subprocess.run(
        ["go", "test", "./mask", "-run", "^TestWriteFixtures$", "-count=1"],
        cwd=ROOT,
        env={**os.environ, "DEPTHWISE_MASK_FIXTURES": str(folder), "CGO_ENABLED": "0"},
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def classes(written):
    return np.fromfile(written / "classes.raw", np.uint8).reshape(FRAMES, HEIGHT, WIDTH)


@pytest.fixture(scope="module")
def painted(written, classes):
    """What an overlay must show, [frame, y, x, rgb], worked out apart from the Go code."""
    camera = np.fromfile(written / "camera.rgb", np.uint8).reshape(HEIGHT, WIDTH, 3).astype(int)
    out = np.empty((FRAMES, HEIGHT, WIDTH, 3), np.uint8)
    for picture, ids in zip(out, classes):
        left = np.roll(ids, 1, 1)
        left[:, 0] = ids[:, 0]
        above = np.roll(ids, 1, 0)
        above[0] = ids[0]
        outline = (left != ids) | (above != ids)
        picture[:] = camera
        for c in (1, 2):
            inside = ids == c
            picture[inside] = (camera[inside] + COLORS[c] + 1) // 2
            picture[inside & outline] = COLORS[c]
    return out


def ffmpeg(path, pixel_format, channels, *arguments):
    """Decode a stream to [frame, y, x, channel] with ffmpeg."""
    if shutil.which("ffmpeg") is None:
        assert not os.environ.get("CI"), "CI has no ffmpeg"
        pytest.skip("ffmpeg is not installed")
    command = ["ffmpeg", "-v", "error", *arguments, "-i", str(path), "-pix_fmt", pixel_format, "-f", "rawvideo", "-"]
    done = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    assert not done.stderr, done.stderr
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH, channels)


def test_ndjson_by_pycocotools(written, classes):
    lines = (written / "stream.ndjson").read_text().splitlines()
    assert len(lines) == FRAMES
    for i, line in enumerate(lines):
        row = json.loads(line)
        assert (row["seq"], row["mode"], row["reason"], row["model"]) == (i, "paired", 'says "why"\n', "tabletop")
        assert (row["width"], row["height"], row["skew_ms"]) == (WIDTH, HEIGHT, -2.346)
        back = np.full((HEIGHT, WIDTH), 77, np.uint8)
        for name, rle in row["masks"].items():
            one = coco.decode(rle)
            assert one.shape == (HEIGHT, WIDTH)
            assert coco.area(rle) == row["classes"][name] == (classes[i] == NAMES[name]).sum()
            back[one == 1] = NAMES[name]
        assert (back == classes[i]).all()


def test_ndjson_codes_equal_pycocotools(written, classes):
    for i, line in enumerate((written / "stream.ndjson").read_text().splitlines()):
        for name, rle in json.loads(line)["masks"].items():
            want = coco.encode(np.asfortranarray((classes[i] == NAMES[name]).astype(np.uint8)))
            assert rle["counts"].encode() == want["counts"], name


def test_raw(written, classes):
    assert (written / "stream.raw").read_bytes() == classes.tobytes()


@pytest.mark.parametrize("name, demuxer", [("pgm", "pgm_pipe"), ("pam", "pam_pipe")])
def test_netpbm_by_ffmpeg(written, classes, name, demuxer):
    got = ffmpeg(written / f"stream.{name}", "gray", 1, "-f", demuxer)
    assert (got[..., 0] == classes).all()


def test_first_pgm_by_pillow(written, classes):
    with Image.open(written / "stream.pgm") as picture:
        assert picture.mode == "L"
        assert (np.asarray(picture) == classes[0]).all()


def test_y4m_by_ffmpeg(written, classes):
    got = ffmpeg(written / "stream.y4m", "gray", 1)
    assert (got[..., 0] == classes).all()


@pytest.mark.parametrize("name, mean, most", [("y4m-overlay", 1.0, 6), ("y4m-overlay-420", 25, 255)])
def test_y4m_overlay_by_ffmpeg(written, painted, name, mean, most):
    got = ffmpeg(written / f"stream.{name}", "rgb24", 3)
    assert got.shape == painted.shape
    error = np.abs(got.astype(int) - painted)
    assert error.max() <= most  # 4:2:0 shares chroma across outlines
    assert error.mean() <= mean


def test_y4m_420_luma_is_that_of_444(written):
    fine = ffmpeg(written / "stream.y4m-overlay", "gray", 1)
    coarse = ffmpeg(written / "stream.y4m-overlay-420", "gray", 1)
    assert (fine == coarse).all()


def test_y4m_frame_rate(written):
    if shutil.which("ffprobe") is None:
        assert not os.environ.get("CI"), "CI has no ffprobe"
        pytest.skip("ffprobe is not installed")
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=r_frame_rate", "-of", "csv=p=0"]
    said = subprocess.run([*command, written / "stream.y4m"], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "25/1"


def test_png_folder_by_pillow(written, classes):
    for i in range(FRAMES):
        with Image.open(written / "png" / f"{i:06d}.png") as picture:
            assert picture.mode == "P"
            palette = picture.getpalette()
            assert (np.asarray(picture) == classes[i]).all()
        for c, rgb in COLORS.items():
            assert tuple(palette[3 * c : 3 * c + 3]) == rgb


def test_overlay_folder_by_pillow(written, painted):
    for i in range(FRAMES):
        with Image.open(written / "overlay" / f"{i:06d}.png") as picture:
            assert picture.mode == "RGB"
            assert (np.asarray(picture) == painted[i]).all()
