"""Answers are compared before times; a long run's frames are counted; networks are cut at their logits."""

import json
import subprocess

import numpy as np
import onnx
import onnxruntime
import pytest

from bench import frames, nets
from bench.__main__ import Peer, agreement, classes, output, pixels


def test_agreement():
    truth = np.array([[[0, 1], [2, 2]]], np.uint8)
    assert agreement(truth.copy(), truth) == 1
    assert agreement(np.array([[0, 1], [2, 0]], np.int64), truth) == 0.75, "a class map may lack the first axis"
    assert agreement(truth[:, :1], truth) == 0, "another size is another answer"
    logits = np.zeros((1, 3, 2, 2), np.uint8)
    logits[0, 1] = [[9, 9], [0, 0]]
    other = logits + 5
    other[0, 2, 1, 1] = 200
    assert agreement(other, logits) == 0.75, "the greatest logit counts, not its value"
    assert agreement(logits.reshape(1, 2, 2, 3), logits) == 0, "logits in another order are another answer"
    assert classes(logits) == 2 and classes(truth) == 3 and classes(np.zeros((1, 4, 4), np.uint8)) == 1


def test_logits_are_the_graph_without_its_end(tmp_path):
    whole = nets.build("context", 64, 96)[0]
    cut = nets.logits(whole)
    ends = {n.op_type for n in whole.graph.node} - {n.op_type for n in cut.graph.node}
    assert ends == {"ArgMax", "Cast"} and len(whole.graph.node) - len(cut.graph.node) == 4
    read = {i for n in cut.graph.node for i in n.input}
    assert all(t.name in read for t in cut.graph.initializer)
    x = np.load(pixels(4, 64, 96, tmp_path))

    def run(model):
        return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"pixels": x})[0]

    want = run(nets.build("context", 64, 96, classes=False)[0])
    assert np.array_equal(run(cut), want) and want.shape == (1, 3, 8, 12)
    assert len(whole.graph.output) == 1 and whole.graph.output[0].name == "classes", "the whole network stays as it was"
    with pytest.raises(ValueError, match="Concat|Conv|Relu|Add"):
        bad = onnx.ModelProto()
        bad.CopyFrom(cut)
        del bad.graph.output[:]
        bad.graph.output.append(onnx.helper.make_tensor_value_info(next(n for n in cut.graph.node if n.op_type == "Conv").output[0], 1, None))
        nets.logits(bad)


def lines(n, first=0):
    return [json.dumps({"seq": first + i, "ms": {"infer": 1 + i % 10 / 10}}) for i in range(n)]


def test_frames():
    memory = iter((20.0, 21.5, 22.0))
    found, n = frames.rows(lines(25), lambda: next(memory), group=10)
    assert n == 25 and found == [(1.0, 1.45, 20.0), (1.0, 1.45, 21.5)], "what is no whole group is counted alone"
    assert frames.rows([], lambda: 0) == ([], 0)
    with pytest.raises(ValueError, match="mask 0 has the sequence number 1"):
        frames.rows(lines(5, first=1), lambda: 0)
    with pytest.raises(ValueError, match="mask 3 has the sequence number 4"):
        frames.rows(lines(3) + lines(2, first=4), lambda: 0)
    text = frames.told([(1.0, 1.5, 20.0), (1.1, 1.4, 23.0), (1.05, 1.45, 22.0)], 3000, "nano")
    for part in ("with nano,", "over 3,000 frames", "1.000 and 1.100 ms (1.000 in the first thousand, 1.050 in the last)", "1.400 and 1.500 ms", "20.0 and 23.0 MB",
                 "in the second half within 22.0 and 23.0"):
        assert part in text


def test_a_peer_that_ends_is_noticed():
    p = Peer.__new__(Peer)
    p.process = subprocess.Popen(["sh", "-c", "read n; echo [1.5, 2.5]; read n; exit 3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert p.run(2) == [1.5, 2.5]
    assert p.run(2) is None and p.run(2) is None
    assert p.close() == 3


def test_a_command_that_fails_says_why(tmp_path):
    assert output("echo", 7) == "7\n"
    with pytest.raises(SystemExit, match="exit status 3: no such thing"):
        output("sh", "-c", "echo no such thing >&2; exit 3")
