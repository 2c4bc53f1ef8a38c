"""ONNX's own node tests, and random operators against ONNX Runtime, through the Go engine.

`python -m distill.tests.operators` writes docs/operators.md; a test finds the file out of date.
"""

import collections
import json
import re
import subprocess
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper
from onnx.backend.test.case import node as nodes

from distill.tests import gridcases
from distill.tests.grid.net import Case

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "operators.md"
SEEDS = 25  # random cases of each family
MANY = {"qdq": 80, "qoperator": 80}  # of families that have many operators

# The element types that a .npy file holds, and those that go over as the integers of another: what the tests can hand over.
FOREIGN = {"bfloat16": np.uint16, "int4": np.int8, "int2": np.int8, "uint4": np.uint8, "uint2": np.uint8, "float8_e4m3fn": np.uint8,
           "float8_e4m3fnuz": np.uint8, "float8_e5m2": np.uint8, "float8_e5m2fnuz": np.uint8, "float8_e8m0fnu": np.uint8, "float4_e2m1fn": np.uint8}
KNOWN = {"float16", "float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool", *FOREIGN}

# Why a case is refused: a pattern of the engine's error, and what docs/operators.md says of it.
REASONS = [
    (r"element type (float6|object)|cannot cast|type \d+|string", "strings"),
    (r"dimension \d+ is 0", "inputs without elements: a frame has pixels, and a file that declares 0 of them is broken"),
    (r"three axes|one or two (spatial )?axes|want rank 4|two axes are", "three spatial axes but in convolutions and pools: a frame has two"),
    (r"window of \d+ reaches beyond", "windows larger than their padded input"),
    (r"training mode", "training: there Dropout drops at random"),
    (r"control flow", "control flow: the plan is a flat list of steps"),
    (r"not a dense tensor|an input is a", "sequences, maps and optional values as inputs or outputs: those are arrays; inside, sequences run"),
    (r"as ONNX Runtime and PyTorch", "none: these run, with ONNX Runtime's and PyTorch's answer, from which ONNX's reference differs"),
    (r"opset \d+ is outside", "opsets before 7, of 2017"),
    (r"is of float64", "float64 in operators that no exporter writes in it; the others take it"),
    (r"depends on run-time data", "shapes that depend on the data of a frame: memory is laid out at load"),
]

# Node tests whose expected outputs are one implementation's: the answer must be ONNX Runtime's. A scale that makes a size
# which is not whole has its last corner at the output's last pixel there and in PyTorch, as ONNX's text says
# (length_resized), and beyond it in ONNX's reference, which made the expected outputs.
OTHERWISE = {"test_resize_downsample_scales_cubic_align_corners", "test_resize_downsample_scales_linear_align_corners"}

# Operators that are refused as a whole, by reason.
REFUSED = {
    "control flow": "Loop Scan SequenceMap",
    "optional values and strings": "OptionalHasElement OptionalGetElement StringConcat StringNormalizer StringSplit RegexFullMatch TfIdfVectorizer "
                                   "ai.onnx.ml.LabelEncoder",
    "training: losses and optimisers": "NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss ai.onnx.preview.training.Adagrad ai.onnx.preview.training.Adam "
                                       "ai.onnx.preview.training.Momentum",
    "random numbers: a recording must give the same mask twice": "Bernoulli",
    "recurrent networks": "GRU LSTM RNN",
    "language models' caches and scans": "CausalConvWithState LinearAttention TensorScatter ai.onnx.preview.FlexAttention",
    "sound": "BlackmanWindow DFT HammingWindow HannWindow MelWeightMatrix STFT",
    "detection, with outputs as long as the data says": "NonMaxSuppression RoiAlign Unique",
    "classical machine learning and files of pictures": "ai.onnx.ml.ArrayFeatureExtractor ai.onnx.ml.Binarizer ai.onnx.ml.TreeEnsemble ImageDecoder",
    "seen in no vision network that was tried": "Det",
}


@dataclass
class Result:
    """What became of one case: "right", "wrong", "refused" or "otherwise", and in the latter three what was seen."""

    op: str
    case: str
    verdict: str
    why: str = ""
    expanded: bool = False


class Engine:
    """The Go engine as one process that answers a request a line."""

    def __init__(self, folder):
        self.folder = Path(folder)
        binary = self.folder / "conform"
        subprocess.run(["go", "build", "-o", binary, "./quant/internal/conform"], cwd=ROOT, check=True)
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def run(self, model, feeds, **options):
        """Outputs by name, or the error as a string. model is a ModelProto; feeds are arrays by input name."""
        path = self.folder / "model.onnx"
        path.write_bytes(model.SerializeToString())
        files, types = {}, {}
        for i, (name, v) in enumerate(feeds.items()):
            files[name] = str(self.folder / f"in{i}.npy")
            if v.dtype.name in FOREIGN:
                v, types[name] = foreign(v), v.dtype.name
            np.save(files[name], np.asarray(v, order="C"))
        request = dict(model=str(path), inputs=files, types=types, out=str(self.folder), threads=1, **options)
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the engine died on {path}")
        answer = json.loads(line)
        if answer["error"]:
            return answer["error"]
        return {name: np.load(p) for name, p in answer["outputs"].items()}


def foreign(v):
    """An array of a type that .npy files lack as integers: the bits of floats, the values of integers."""
    to = FOREIGN[v.dtype.name]
    return v.astype(to) if "int" in v.dtype.name else v.view(to)


def node_cases():
    """The node tests of the onnx package, generated by it."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return [c for c in nodes.collect_testcases(None) if c.model is not None]


def operator(model):
    last = model.graph.node[-1]
    return f"{last.domain}.{last.op_type}" if last.domain else last.op_type


def named(cases):
    """(operator, expanded, case): a function's expansion is a case of the function."""
    ops = {c.name: operator(c.model) for c in cases}
    for c in cases:
        whole, expanded, _ = c.name.partition("_expanded")
        yield ops.get(whole, operator(c.model)), bool(expanded), c


def differs(got, want, rtol, atol):
    """How got differs from want, None if it does not."""
    if got.shape != want.shape:
        return f"shape {got.shape}, want {want.shape}"
    if want.dtype.name == "bfloat16" and got.dtype == np.uint16:
        got, rtol = (got.astype(np.uint32) << 16).view(np.float32), max(rtol, 2**-6)
        want = want.astype(np.float32)
    if want.dtype.name in FOREIGN:  # not bfloat16: that is float32 by now
        want, nan = foreign(want), np.isnan(want.astype(np.float32))
        got = np.where(nan & (got.view(np.uint8) & 0x7f == want.view(np.uint8) & 0x7f), want, got.view(want.dtype))  # a NaN's sign says nothing
    if got.dtype != want.dtype:
        return f"{got.dtype}, want {want.dtype}"
    if got.dtype.kind == "f":
        if got.dtype == np.float16:
            rtol = max(rtol, 2e-3)  # two units in the last place: what is expected was rounded after each step, the engine rounds at the end
        close = np.isclose(got.astype(np.float64), want.astype(np.float64), rtol=rtol, atol=atol, equal_nan=True)
    else:
        close = got == want
    if close.all():
        return None
    i = tuple(int(v) for v in np.unravel_index(np.argmin(close), close.shape))
    return f"{(~close).sum()} of {close.size} differ; at {i} {got[i]}, want {want[i]}"


def as_function(model):
    """The model with all its nodes in a model-local function, which takes their attributes as its own."""
    graph, nodes, names, given = model.graph, [], [], []
    for i, node in enumerate(graph.node):
        node = onnx.NodeProto.FromString(node.SerializeToString())
        for a in node.attribute:
            if a.type != onnx.AttributeProto.GRAPH:
                names.append(f"{i} {a.name}")
                given.append(onnx.AttributeProto.FromString(a.SerializeToString()))
                given[-1].name = names[-1]
                a.CopyFrom(onnx.AttributeProto(name=a.name, type=a.type, ref_attr_name=names[-1]))
        nodes.append(node)
    inputs, outputs = [v.name for v in graph.input] + [v.name for v in graph.initializer], [v.name for v in graph.output]
    inputs = list(dict.fromkeys(inputs))
    function = onnx.helper.make_function("local", "Body", [f"i{k}" for k in range(len(inputs))], outputs, [], model.opset_import, names)
    rename = {name: f"i{k}" for k, name in enumerate(inputs)}  # but names inside branches stay those of the graph
    if any(a.type == onnx.AttributeProto.GRAPH for n in nodes for a in n.attribute):
        del function.input[:]
        function.input.extend(inputs)
        rename = {}
    for node in nodes:
        node.input[:] = [rename.get(n, n) for n in node.input]
    function.node.extend(nodes)
    call = onnx.helper.make_node("Body", inputs, outputs, name="call", domain="local")
    call.attribute.extend(given)
    wrapped = onnx.ModelProto.FromString(model.SerializeToString())
    del wrapped.graph.node[:]
    wrapped.graph.node.append(call)
    wrapped.functions.append(function)
    wrapped.opset_import.append(onnx.helper.make_opsetid("local", 1))
    wrapped.ir_version = max(wrapped.ir_version, 10)
    return wrapped


def run_node(engine, op, expanded, case, wrap=lambda model: model):
    """Holds one node test against its expected outputs. wrap changes its model into one that means the same."""
    def result(verdict, why=""):
        return Result(op, case.name, verdict, why, expanded)

    graph = case.model.graph
    for inputs, outputs in case.data_sets:
        feeds = {}
        for info, v in zip(graph.input, inputs, strict=False):
            if isinstance(v, onnx.TensorProto):
                v = numpy_helper.to_array(v)
            if not isinstance(v, (np.ndarray, np.generic)):
                return result("refused", f"an input is a {type(v).__name__}")
            v = np.asarray(v)
            if v.dtype.name not in KNOWN:
                return result("refused", f"element type {v.dtype}")
            feeds[info.name] = v
        got = engine.run(wrap(case.model), feeds)
        if isinstance(got, str):
            return result("refused", got)
        for info, want in zip(graph.output, outputs, strict=False):
            if isinstance(want, onnx.TensorProto):
                want = numpy_helper.to_array(want)
            if case.name in OTHERWISE:
                want, = onnxruntime(Case(case.model, feeds))
                if not differs(got[info.name], want, case.rtol, case.atol):
                    return result("otherwise", "as ONNX Runtime and PyTorch")
            if fault := differs(got[info.name], np.asarray(want), case.rtol, case.atol):
                return result("wrong", f"{info.name}: {fault}")
    return result("right")


def run_nodes(engine):
    return [run_node(engine, op, expanded, c) for op, expanded, c in named(node_cases())]


def onnxruntime(case):
    """ONNX Runtime's outputs, not optimised; None for a model that it refuses."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(case.model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return session.run(None, case.feeds)
    except Exception:  # its exceptions have no common class
        return None


def run_random(engine, family, seed):
    """Holds one random case against ONNX Runtime; None where that refuses it."""
    case = gridcases.FAMILIES[family](np.random.default_rng([seed, sorted(gridcases.FAMILIES).index(family)]))
    quantised = family == "qdq"
    ops = [n for n in case.model.graph.node if not quantised or n.op_type not in ("QuantizeLinear", "DequantizeLinear")]
    op = f"{ops[-1].domain}.{ops[-1].op_type}" if ops[-1].domain else ops[-1].op_type
    if quantised:
        op += " (QDQ)"
    expected = onnxruntime(case)
    if expected is None:
        return None
    name = f"{family} {seed}"
    got = engine.run(case.model, case.feeds)
    if isinstance(got, str):
        return Result(op, name, "refused", got)
    for info, want in zip(case.model.graph.output, expected, strict=True):
        if fault := (stepped if case.steps and want.dtype.kind in "iu" else close)(got[info.name], want, case):
            return Result(op, name, "wrong", f"{info.name}: {fault}")
    return Result(op, name, "right")


def close(got, want, case):
    return differs(got, want, case.rtol, case.atol)


def stepped(got, want, case):
    """As `differs`, but a small share of the elements may lie a few steps apart: ties of real values round either way."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return differs(got, want, 0, 0)
    apart = np.abs(got.astype(int) - want.astype(int))
    if apart.size and (apart.max() > case.steps or (apart > 0).sum() > max(case.apart * apart.size, 3)):
        return f"{(apart > 0).sum()} of {apart.size} differ, by up to {apart.max()}"
    return None


def run_grid(engine, family):
    return [r for r in (run_random(engine, family, s) for s in range(MANY.get(family, SEEDS))) if r]


def reason(result):
    """Why a refusal is deliberate; None when it is not."""
    for pattern, text in REASONS:
        if re.search(pattern, result.why):
            return text
    if "operator is not supported" in result.why:
        missing = re.search(r"quant: (\S+) ", result.why)
        for text, ops in REFUSED.items():
            if missing and missing[1] in ops.split() or result.op in ops.split():
                return text
        if result.expanded:
            return "function bodies made of operators that are refused"
    return None


def tally(results):
    """Results by operator: right, all, and the reasons of refusals."""
    table = {}
    for r in results:
        row = table.setdefault(r.op, collections.Counter())
        row["all", r.expanded] += 1
        row["right", r.expanded] += r.verdict == "right"
    return dict(sorted(table.items(), key=lambda e: (e[0].count("."), e[0].lower())))


def count(row, expanded=False):
    return f"{row['right', expanded]} of {row['all', expanded]}" if row["all", expanded] else ""


def document(node_results, grid_results):
    """docs/operators.md."""
    table, grid = tally(node_results), tally(grid_results)
    refused = {op for ops in REFUSED.values() for op in ops.split()}
    why = collections.defaultdict(lambda: collections.defaultdict(list))
    for r in node_results:
        if r.verdict in ("refused", "otherwise") and r.op not in refused and not r.expanded:
            why[r.op][reason(r)].append(r.case)
    notes = list(dict.fromkeys(text for _, text in REASONS))
    lines = [
        "# Operators",
        "",
        "Which ONNX operators the engine runs, and how that is known. This file is written by `python -m distill.tests.operators`,",
        "and a test finds it out of date.",
        "",
        f"- **Node tests**: those that the onnx package ({onnx.__version__}) generates for its own backends, through the engine. Shapes, axes and",
        "  pads that a test gives as inputs are fixed at load, as `edge infer` does.",
        "- **Bodies**: the same tests with the operator written as the function of simpler ones that ONNX defines it by.",
        f"- **Random**: random attributes, shapes and types against ONNX Runtime {ort.__version__}, float and int8.",
        "",
        "What does not run is an error at load that names node, operator and reason. No answer is wrong.",
        "",
        "| Operator | Node tests | Bodies | Random | Refused, and why |",
        "|---|---|---|---|---|",
    ]
    plain = [op for op in sorted(set(table) | set(grid), key=lambda o: (o.count("."), o.lower())) if op not in refused and not op.endswith("(QDQ)")]
    for op in plain:
        row, random = table.get(op, collections.Counter()), grid.get(op, collections.Counter())
        reasons = "; ".join(f"{len(cases)} by rule {notes.index(text) + 1}" if text in notes else f"{len(cases)}: {text}" for text, cases in why[op].items())
        lines.append(f"| {op} | {count(row)} | {count(row, True)} | {count(random)} | {reasons} |")
    lines += ["", "The rules of the last column. Refused are:", ""]
    lines += [f"{i}. {text[0].upper()}{text[1:]}." for i, text in enumerate(notes, 1)]
    lines += ["", "## Between QuantizeLinear and DequantizeLinear", "",
              "Random operators on u8 and s8 values, quantised again, against ONNX Runtime: equal but for real values on the border of two codes.", "",
              "| Operator | Random |", "|---|---|"]
    lines += [f"| {op.removesuffix(' (QDQ)')} | {count(row)} |" for op, row in grid.items() if op.endswith("(QDQ)")]
    lines += ["", "## Operators that are refused", "", "| Why | Operators |", "|---|---|"]
    lines += [f"| {text} | {', '.join(sorted(ops.split()))} |" for text, ops in REFUSED.items()]
    lines += [
        "",
        "## Choices",
        "",
        "- Half precision is converted at the graph's border: the network computes in float32 and rounds where a Cast says so.",
        "- An If whose condition is known at load is its branch.",
        "- Resize computes coordinates in float32, in ONNX Runtime's order: where one is whole, `nearest_mode` depends on the last bit.",
        "- `tf_crop_and_resize` crops an axis whose size stays, as ONNX says and ONNX Runtime does not.",
        "- `keep_aspect_ratio_policy` with `antialias` is ONNX's reference's: the common scale widens every axis that shrinks.",
        "- ConvTranspose with `auto_pad` SAME and a kernel smaller than its stride ends where its last kernel does, as ONNX's shape",
        "  inference and ONNX Runtime have it, not at input times stride.",
        "- QLinearAveragePool with `ceil_mode` and `count_include_pad` divides by the whole window, as ONNX Runtime, its only definition, does.",
        "- A run-time index that is out of range reads element 0 or writes nothing: a mask is never worth a crash.",
        "",
    ]
    return "\n".join(lines)


def run_all():
    """(node results, random results)."""
    with tempfile.TemporaryDirectory() as folder, Engine(folder) as engine:
        return run_nodes(engine), [r for f in gridcases.FAMILIES for r in run_grid(engine, f)]


if __name__ == "__main__":
    node_results, grid_results = run_all()
    for r in node_results + grid_results:
        if r.verdict == "wrong" or r.verdict == "refused" and not reason(r):
            print(f"{r.verdict}: {r.op} {r.case}: {r.why}")
    DOCUMENT.write_text(document(node_results, grid_results))
    print(f"wrote {DOCUMENT.relative_to(ROOT)}: {collections.Counter(r.verdict for r in node_results)}, random {collections.Counter(r.verdict for r in grid_results)}")
