"""One peer with one model in a process of its own: python -m bench.peer NAME MODEL THREADS INPUT.npy

Prints a JSON line {"first_ms", "rss_mb", "output"} after load and first inference, then reads a number of inferences per
line from stdin and answers each with a JSON list of their milliseconds. {"error": reason} where it can't run the model.
"""

import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time

import numpy as np


def onnxruntime(model, threads, x):
    import onnxruntime as ort

    o = ort.SessionOptions()
    o.intra_op_num_threads, o.inter_op_num_threads = threads, 1
    session = ort.InferenceSession(model, o, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: x}
    return lambda: session.run(None, feed)[0]


def openvino(model, threads, x):
    import openvino as ov

    core = ov.Core()
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    request = core.compile_model(core.read_model(model), "CPU", options).create_infer_request()
    request.set_input_tensor(ov.Tensor(x, shared_memory=True))

    def run():
        request.infer()
        return request.get_output_tensor().data

    return run


def litert(model, threads, x):
    from ai_edge_litert.interpreter import Interpreter
    from bench.litert import convert

    interpreter = Interpreter(model_content=convert(model), num_threads=threads)
    interpreter.allocate_tensors()
    pixels = (x.astype(np.int16) - 128).astype(np.int8).transpose(0, 2, 3, 1)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
    out = interpreter.get_output_details()[0]

    def run():
        interpreter.invoke()
        y = interpreter.get_tensor(out["index"])
        if y.ndim == 4:  # logits: back to NCHW and to the graph's own type
            y = (y.transpose(0, 3, 1, 2).astype(np.int16) + 128).astype(np.uint8)
        return y

    return run


def mnn(model, threads, x):
    import MNN

    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "model.mnn")
        said = subprocess.run([str(Path(sys.executable).parent / "mnnconvert"), "-f", "ONNX", "--modelFile", model,
                               "--MNNModel", target, "--bizCode", "bench"], capture_output=True, text=True)
        faults = [line for line in (said.stdout + said.stderr).splitlines() if "rror" in line]
        if faults or not Path(target).exists():
            raise ValueError(f"its converter: {(faults or ['wrote nothing'])[0]}")
        interpreter = MNN.Interpreter(target)
        session = interpreter.createSession({"numThread": threads, "backend": "CPU"})
    source = interpreter.getSessionInput(session)
    source.copyFrom(MNN.Tensor(x.shape, MNN.Halide_Type_Uint8, x, MNN.Tensor_DimensionType_Caffe))

    def run():
        interpreter.runSession(session)
        return np.array(interpreter.getSessionOutput(session).getData())

    return run


def ncnn(model, threads, x):
    import ncnn

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model.onnx"
        copy.write_bytes(Path(model).read_bytes())
        subprocess.run([str(Path(sys.executable).parent / "pnnx"), str(copy)], capture_output=True, cwd=folder)
        param, weights = Path(folder) / "model.ncnn.param", Path(folder) / "model.ncnn.bin"
        if not param.exists():
            raise ValueError("pnnx, its converter, wrote no model")
        foreign = sorted({line.split()[0] for line in param.read_text().splitlines()[2:] if "." in line.split()[0]})
        if foreign:
            raise ValueError(f"pnnx, its converter, leaves {', '.join(foreign)}, which ncnn does not know; and its int8 is "
                             "made by tools of its own, not from QDQ")
        net = ncnn.Net()
        net.opt.num_threads = threads
        net.load_param(str(param))
        net.load_model(str(weights))

    def run():
        extractor = net.create_extractor()
        extractor.input("in0", ncnn.Mat(x[0].astype(np.float32)))
        return np.array(extractor.extract("out0")[1])

    return run


PEERS = {"ONNX Runtime": onnxruntime, "OpenVINO": openvino, "LiteRT": litert, "MNN": mnn, "ncnn": ncnn}


def resident():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1000
    return None


def main():
    name, model, threads, source = sys.argv[1:]
    answer = os.fdopen(os.dup(1), "w")  # what libraries print, from C too, is no answer
    os.dup2(2, 1)
    say = lambda value: print(json.dumps(value), file=answer, flush=True)
    x = np.load(source)
    begin = time.perf_counter()
    try:
        run = PEERS[name](model, int(threads), x)
        output = run()
    except Exception as error:  # whatever a peer raises is the reason why it is left out
        return say({"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]})
    first = 1e3 * (time.perf_counter() - begin)
    with tempfile.NamedTemporaryFile(suffix=".npy", delete=False) as file:
        np.save(file, output)
    say({"first_ms": first, "rss_mb": resident(), "output": file.name})
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - begin))
        say(times)


if __name__ == "__main__":
    main()
