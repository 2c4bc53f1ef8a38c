"""One configuration per recipe, printed whole before anything runs, and stored in every checkpoint and card."""

from dataclasses import asdict, dataclass, field
import json

REST = 254  # label of a pixel that is none of some classes, and perhaps any of Config.rest


@dataclass
class Phase:
    """A stretch of training at one input size and one peak learning rate."""

    name: str
    width: int
    height: int
    steps: int
    batch: int
    rate: float
    mix: dict  # name of a cache → share of the batch; what is missing on this machine is left out, with a note
    labels: bool = True  # whether this phase reads labels; without them a teacher is all there is


@dataclass
class Config:
    name: str = "tabletop"
    seed: int = 1
    width: int = 320  # of the student's input, pixels
    height: int = 240
    classes: list = field(default_factory=lambda: ["background", "table", "object"])
    palette: list = field(default_factory=lambda: ["#202020", "#4c9a6a", "#e2572b"])
    void: int = 255
    rest: tuple = ()  # classes that a pixel of label REST may have; empty: no such labels
    tops: tuple = (1, 2)  # tables and what is on them, which sensors' depth is sometimes cut to
    inherit: tuple = ()  # for each class the class of `start` whose head it begins with; empty: the same classes
    modalities: tuple = ("color", "depth")  # what the student reads
    start: str = ""  # an int8 student to begin from; empty: random weights
    teacher: str = ""  # an int8 student of both modalities that teaches; empty: labels alone
    lesson: float = 1.0  # weight of the teacher's logits beside the labels
    mimic: float = 0.0  # weight of the teacher's features at strides 8 and 16
    depth_kind: str = "inverse"  # inverse depth: a plane in space stays linear in the image, noise ∝ z² becomes even
    depth_near: float = 0.4  # metres
    depth_far: float = 8.0
    network: str = "plain"  # distill/students.py's, or "mobile", distill/mobile.py's
    stem: int = 32  # filters of mobile's first convolution
    stages: tuple = ()  # of mobile: (expansion, width, kernel, stride, blocks) each; empty: EfficientNet-Lite0's
    pretrained: bool = False  # whether mobile's encoder begins with what ImageNet taught EfficientNet-Lite0
    careful: float = 1.0  # learning rate of pretrained weights over that of the others
    channels: tuple = (16, 32, 64, 128)  # of plain, at strides 2, 4, 8, 16
    decoder: tuple = (64, 32)  # at strides 8, 4, and mobile's 2
    expand: int = 2  # of the inverted residuals at stride 16
    dilations: tuple = (1, 2, 1, 3)
    phases: list = field(default_factory=list)
    decay: float = 0.02  # AdamW weight decay
    average: float = 0.998  # of the moving average of the weights
    dice: float = 0.5  # weight of the Dice loss beside cross-entropy
    drop_depth: float = 0.15  # share of training pairs without depth
    drop_color: float = 0.08  # share of training pairs without colour
    half_turn: float = 0.08  # share of training pairs seen by a camera that hangs upside down
    paste: float = 0.35  # share of synthetic pairs that get real objects pasted on their table
    calibration: int = 96  # pairs for quantization calibration
    learn: int = 0  # steps of quantization-aware training after it
    method: str = "early fusion, from scratch, post-training quantization"


def show(config):
    """The whole configuration as indented JSON."""
    return json.dumps(asdict(config), indent=1, default=str)
