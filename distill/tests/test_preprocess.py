"""The NumPy preprocessing makes the runtime's bytes: the vectors of runtime/testdata/preprocess."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from distill import preprocess

VECTORS = Path(__file__).parents[2] / "runtime" / "testdata" / "preprocess"
CASES = json.loads((VECTORS / "cases.json").read_text())


def mix(h):
    h = h.astype(np.uint32)
    h ^= h >> 16
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> 13
    h *= np.uint32(0xC2B2AE35)
    return h ^ (h >> 16)


def color_of(seed, width, height):
    i = np.arange(3 * width * height, dtype=np.uint32)
    n = mix(np.uint32(seed) + i)
    k, x, y = i % 3, i // 3 % width, i // 3 // width
    v = np.where(n >> 28 < 4, n, x * (k + 1) + y * (3 - k))
    return ((v + ((n >> 8) & 15)) & 255).astype(np.uint8).reshape(height, width, 3)


def depth_of(seed, width, height):
    i = np.arange(width * height, dtype=np.uint32)
    n = mix(np.uint32(seed ^ 0x9E3779B9) + i)
    x, y = i % width, i // width
    d = 600 + 5 * x + 3 * y
    d = np.where((x // 7 + y // 5) % 3 == 1, 2 * d, d) + ((n >> 8) & 63)
    d = np.where((n >> 28 < 3) | (((x // 9 + y // 11) % 4 == 2) & (n & 3 != 0)), 0, d)
    d = np.where(n >> 20 == 5, 65535, d)
    return np.minimum(d, 65535).astype("<u2").reshape(height, width)


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


@pytest.mark.parametrize("case", CASES, ids=[c["name"] for c in CASES])
def test_golden(case):
    color = color_of(case["seed"], *case["color_size"])
    depth = depth_of(case["seed"], *case["depth_size"])
    assert sha(color) == case["color_sha256"], "the test's own colour formula"
    assert sha(depth) == case["depth_sha256"], "the test's own depth formula"
    encoding = case["depth"]
    table = preprocess.depth_table(encoding["kind"], encoding["near"], encoding["far"], case["depth_scale"])
    assert sha(table) == case["table_sha256"]
    fused = preprocess.fuse(color, depth, table, *case["size"])
    if "file" in case:
        want = np.fromfile(VECTORS / case["file"], np.uint8).reshape(fused.shape)
        np.testing.assert_array_equal(fused, want)
    assert sha(fused) == case["fused_sha256"]


def test_labels_at_centers():
    labels = np.arange(16, dtype=np.uint8).reshape(4, 4)
    np.testing.assert_array_equal(preprocess.resize_labels(labels, 2, 2), [[5, 7], [13, 15]])
    np.testing.assert_array_equal(preprocess.resize_labels(labels, 4, 4), labels)
