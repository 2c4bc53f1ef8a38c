"""Confusion and IoU by hand-made examples, and labels at their own size."""

import numpy as np

from distill import evaluate
from distill.config import Config


def test_confusion_rows_are_truth():
    truth = np.array([[0, 1, 2], [255, 1, 2]], np.uint8)
    predicted = np.array([[0, 2, 2], [1, 1, 0]], np.uint8)
    np.testing.assert_array_equal(evaluate.confusion(predicted, truth, 3), [[1, 0, 0], [0, 1, 1], [1, 0, 1]])


def test_ious():
    matrix = np.array([[1, 0, 0], [0, 1, 1], [1, 0, 1]])
    np.testing.assert_allclose(evaluate.ious(matrix), [1 / 2, 1 / 2, 1 / 3])
    assert abs(evaluate.mean_iou(matrix) - 100 * 4 / 9) < 1e-9
    assert abs(evaluate.mean_iou(matrix, [1, 2]) - 100 * 5 / 12) < 1e-9


def test_a_class_nowhere_is_left_out():
    assert np.isnan(evaluate.ious(np.array([[3, 0], [0, 0]]))[1])
    assert evaluate.mean_iou(np.array([[3, 0], [0, 0]])) == 100


def test_score_loses_a_modality_and_enlarges():
    config = Config()
    seen = []

    def predict(inputs):
        seen.append(inputs.copy())
        return inputs[..., 0] // 100  # colour 0…2 hundreds tell the class

    x = np.zeros((1, 4, 4, 4), np.uint8)
    x[0, :, 2:, 0] = 200
    x[..., 3] = 9
    truth = np.zeros((8, 8), np.uint8)
    truth[:, 4:] = 2
    matrix = evaluate.score(predict, x, [truth], config)
    assert matrix[0, 0] == 32 and matrix[2, 2] == 32 and matrix.sum() == 64
    evaluate.score(predict, x, [truth], config, "depth")
    assert seen[-1][..., 3].max() == 0 and seen[-1][..., 0].max() == 200
    evaluate.score(predict, x, [truth], config, "color")
    assert seen[-1][..., :3].max() == 0 and seen[-1][..., 3].max() == 9
    assert x[..., 3].min() == 9, "the set itself stays as it was"
