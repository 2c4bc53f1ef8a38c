"""One peer with one model in a process of its own: python -m bench.peer NAME MODEL THREADS INPUT.npy

Prints a JSON line {"first_ms", "rss_mb", "output"} after load and first inference, then reads a number of
inferences per line from stdin and answers each with a JSON list of their milliseconds. {"error": reason} where it can't run
the model. first_ms is of loading and the first inference, after the library was loaded and the model converted to the
peer's own format. Under bench/avx2.c there are also "asked", how often a library asked the CPU, and "exceeded", whether
registers of AVX-512 are in use all the same.
"""

import ctypes
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time

import numpy as np

# A peer is a function of a model file, a number of threads and an input. It loads the library, converts the model, and
# returns a function that loads the model and returns a function that runs it.


def onnxruntime(model, threads, x):
    import onnxruntime as ort

    def load():
        o = ort.SessionOptions()
        o.intra_op_num_threads, o.inter_op_num_threads = threads, 1
        session = ort.InferenceSession(model, o, providers=["CPUExecutionProvider"])
        feed = {session.get_inputs()[0].name: x}
        return lambda: session.run(None, feed)[0]

    return load


def openvino(model, threads, x):
    import openvino as ov

    def load():
        core = ov.Core()
        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
        request = core.compile_model(core.read_model(model), "CPU", options).create_infer_request()
        request.set_input_tensor(ov.Tensor(x, shared_memory=True))

        def run():
            request.infer()
            return request.get_output_tensor().data

        return run

    return load


def litert(model, threads, x):
    from ai_edge_litert.interpreter import Interpreter
    from bench.litert import convert

    converted = convert(model)

    def load():
        interpreter = Interpreter(model_content=converted, num_threads=threads)
        interpreter.allocate_tensors()
        pixels = (x.astype(np.int16) - 128).astype(np.int8).transpose(0, 2, 3, 1)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
        out = interpreter.get_output_details()[0]
        return lambda: interpreter.invoke() or interpreter.get_tensor(out["index"])

    return load


def from_litert(y):
    """Logits back to NCHW and to the graph's own type; a class map as it is."""
    return (y.transpose(0, 3, 1, 2).astype(np.int16) + 128).astype(np.uint8) if y.ndim == 4 else y


def mnn(model, threads, x):
    import MNN

    folder = tempfile.TemporaryDirectory()
    target = str(Path(folder.name) / "model.mnn")
    said = subprocess.run([str(Path(sys.executable).parent / "mnnconvert"), "-f", "ONNX", "--modelFile", model,
                           "--MNNModel", target, "--bizCode", "bench"], capture_output=True, text=True)
    faults = [line for line in (said.stdout + said.stderr).splitlines() if "rror" in line]
    if faults or not Path(target).exists():
        raise ValueError(f"its converter: {(faults or ['wrote nothing'])[0]}")

    def load():
        with folder:
            interpreter = MNN.Interpreter(target)
            session = interpreter.createSession({"numThread": threads, "backend": "CPU"})
        source = interpreter.getSessionInput(session)
        source.copyFrom(MNN.Tensor(x.shape, MNN.Halide_Type_Uint8, x, MNN.Tensor_DimensionType_Caffe))

        def run():
            interpreter.runSession(session)
            return np.array(interpreter.getSessionOutput(session).getData())

        return run

    return load


def ncnn(model, threads, x):
    import ncnn

    folder = tempfile.TemporaryDirectory()
    copy = Path(folder.name) / "model.onnx"
    copy.write_bytes(Path(model).read_bytes())
    subprocess.run([str(Path(sys.executable).parent / "pnnx"), str(copy)], capture_output=True, cwd=folder.name)
    param, weights = copy.with_name("model.ncnn.param"), copy.with_name("model.ncnn.bin")
    if not param.exists():
        raise ValueError("pnnx, its converter, wrote no model")
    foreign = sorted({line.split()[0] for line in param.read_text().splitlines()[2:] if "." in line.split()[0]})
    if foreign:
        raise ValueError(f"pnnx, its converter, leaves {', '.join(foreign)}, which ncnn does not know; and its int8 is "
                         "made by tools of its own, not from QDQ")

    def load():
        net = ncnn.Net()
        net.opt.num_threads = threads
        with folder:
            net.load_param(str(param))
            net.load_model(str(weights))

        def run():
            extractor = net.create_extractor()
            extractor.input("in0", ncnn.Mat(x[0].astype(np.float32)))
            return np.array(extractor.extract("out0")[1])

        return run

    return load


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
    try:
        load = PEERS[name](model, int(threads), x)
        begin = time.perf_counter()
        run = load()
        output = run()
    except Exception as error:  # whatever a peer raises is the reason why it is left out
        kind = "" if isinstance(error, ValueError) else type(error).__name__ + ": "
        return say({"error": f"{kind}{error}".splitlines()[0][:300]})
    first = 1e3 * (time.perf_counter() - begin)
    if name == "LiteRT":
        output = from_litert(output)
    with tempfile.NamedTemporaryFile(suffix=".npy", delete=False) as file:
        np.save(file, output)
    shim = ctypes.CDLL(None)
    limited = {"asked": shim.avx2_answered(), "exceeded": shim.avx2_exceeded()} if hasattr(shim, "avx2_answered") else {}
    say({"first_ms": first, "rss_mb": resident(), "output": file.name, **limited})
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            begin = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - begin))
        say(times)


if __name__ == "__main__":
    main()
