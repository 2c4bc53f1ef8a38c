"""A student's card: what it is, what made it, what it scores and where it fails; JSON beside the model."""

from dataclasses import asdict
import hashlib
import json
from pathlib import Path

from distill import data, students


def source(path):
    """An int8 file that training began from or learned from: its name and digest, whatever folder it lay in."""
    return f"{Path(path).name}, sha256 {hashlib.sha256(Path(path).read_bytes()).hexdigest()}" if path else ""


NOTE = ("mIoU in percent at the labels' own size. pairs: the validation split, over table and object. synthetic: 500 fresh "
        "scenes of 640x480, seed 90001. rooms and views: frames labelled by hand in distill/labels/rooms.json and views.json. no_depth and no_color: that "
        "modality set to zero.")


def write(folder, config, sealed, student, figures, tried, best, summary, sources, limits, milestones, note=NOTE):
    """Writes NAME.onnx (the sealed bytes) and NAME.json into folder; note says what the sets of the figures are."""
    main_set = "pairs" if "pairs" in figures["int8"] else "synthetic"
    content = {
        "name": config.name,
        "summary": summary,
        "classes": config.classes,
        "method": config.method,
        "float_miou": figures["float"][main_set]["miou"],
        "int8_miou": figures["int8"][main_set]["miou"],
        "input": f"{config.width}x{config.height}",
        "depth": {"kind": config.depth_kind, "near": config.depth_near, "far": config.depth_far},
        "macs": students.macs(student, config.width, config.height),
        "bytes": len(sealed),
        "sha256": hashlib.sha256(sealed).hexdigest(),
        "data": sources,
        "split": {"file": "distill/splits/tabletop.json", "validation": sorted(data.split())},
        "seed": config.seed,
        "figures": figures,
        "figures_note": note,
        "quantization": {"chosen": best, "mean_validation_miou": tried},
        "phases": milestones,
        "limits": limits,
        "recipe": f"python -m distill {config.name}",
        "config": {**asdict(config), "start": source(config.start), "teacher": source(config.teacher)},
    }
    folder = Path(folder)
    (folder / f"{config.name}.onnx").write_bytes(sealed)
    (folder / f"{config.name}.json").write_text(json.dumps(content, indent=1) + "\n")
    return content
