"""Estimate the arm64 kernels' inner loops with llvm-mca, and write the table into docs/arm64.md.

    python3 scripts/mca.py            # needs clang-19, llvm-objdump-19, llvm-mca-19
    python3 scripts/mca.py --print    # to stdout instead

Every innermost loop of the compiled kernels that multiplies is cut out of the disassembly and simulated: cycles an
iteration in a steady state with all loads in the first-level cache, beside the cycles that the busiest unit needs for
all its instructions, and those that its multiplications alone need. llvm-mca takes -mcpu=cortex-a76 for a Cortex-A57, so the Neoverse N1 stands for it: the same core for servers.
"""

import argparse
from pathlib import Path
import re
import subprocess
import tempfile

ROOT = Path(__file__).resolve().parents[1]
KERNELS = ROOT / "quant/internal/kernel"
DOCUMENT = ROOT / "docs/arm64.md"
BEGIN, END = "<!-- made by scripts/mca.py -->\n", "<!-- end -->\n"
FLAGS = ("-std=c11 -O3 -ffreestanding -fno-builtin -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-stack-protector "
         "-fno-jump-tables -fno-pic -fomit-frame-pointer -fno-ident -ffp-contract=off -fno-vectorize -fno-slp-vectorize "
         "--target=aarch64-linux-gnu -ffixed-x18 -ffixed-x27 -ffixed-x28").split()  # as asmgen has them

# C file, how it is compiled, the core that llvm-mca simulates, its name, multiplying instructions a cycle.
CORES = [
    # Arm, Neoverse N2 Software Optimization Guide, 3.18: SMMLA and SDOT on V0 and V1
    ("i8mm", "-march=armv8.2-a+dotprod+i8mm -mtune=neoverse-n2", "neoverse-n2", "Neoverse N2", 2),
    ("dotprod", "-mcpu=cortex-a76", "neoverse-n2", "Neoverse N2", 2),
    ("dotprod", "-mcpu=cortex-a76", "neoverse-n1", "Cortex-A76", 2),  # Arm, Cortex-A76 Software Optimization Guide, 3.16: V0 and V1
    ("neon", "-mcpu=cortex-a72", "cortex-a72", "Cortex-A72", 1),  # Arm, Cortex-A72 Software Optimization Guide, 3.14: F0 alone
]
MOST = {"i8mm": 32, "dotprod": 16, "neon": 8}  # products of the best instruction that a file has
# Of a file on a core that another file is better for, only what that one has, too.
COMPARED = {("dotprod", "neoverse-n2"): "pointwise"}
PRODUCTS = {"smmla": 32, "sdot": 16, "smull": 8, "smull2": 8, "smlal": 8, "smlal2": 8}


def functions(file, flags, folder):
    """Name → list of (address, instruction) of a compiled kernel file."""
    object_file = Path(folder) / f"{file}.o"
    subprocess.run(["clang-19", *FLAGS, *flags.split(), "-c", "-o", object_file, KERNELS / f"_c/{file}.c"], check=True)
    listing = subprocess.run(["llvm-objdump-19", "-d", "--no-show-raw-insn", object_file], check=True, capture_output=True, text=True).stdout
    found, name = {}, None
    for line in listing.splitlines():
        if head := re.match(r"[0-9a-f]+ <(\w+)>:", line):
            name = head[1]
            found[name] = []
        elif body := re.match(r"\s*([0-9a-f]+):\s+(.+)", line):
            found[name].append((int(body[1], 16), body[2].split("//")[0].split("<")[0].strip()))
    return found


def loops(code):
    """The innermost loops: runs of instructions that end in a branch back to their first."""
    spans = []
    for address, text in code:
        if jump := re.match(r"(?:b\.\w+|cbn?z|tbn?z|b)\s.*?0x([0-9a-f]+)$", text):
            if (target := int(jump[1], 16)) <= address:
                spans.append((target, address))
    inner = [s for s in spans if not any(o != s and s[0] <= o[0] and o[1] <= s[1] for o in spans)]
    for first, last in sorted(set(inner)):
        yield [text for address, text in code if first <= address < last]


def products(loop):
    return sum(PRODUCTS.get(text.split()[0], 0) for text in loop)


def cycles(loop, core):
    """Cycles an iteration in a steady state, and the least that the core's units allow."""
    body = "\n".join(t for t in loop if not re.match(r"(b|b\.\w+|cbn?z|tbn?z)\s", t)) + "\n"

    def total(iterations):
        run = subprocess.run(["llvm-mca-19", "--mtriple=aarch64", f"-mcpu={core}", "-mattr=+dotprod,+i8mm", f"-iterations={iterations}"],
                             input=body, check=True, capture_output=True, text=True)
        took, least = (re.search(what + r":\s+([\d.]+)", run.stdout)[1] for what in ("Total Cycles", "Block RThroughput"))
        return int(took), float(least)

    (long, least), (short, _) = total(400), total(100)
    return (long - short) / 300, least


def table():
    lines = ["| Kernel | Core | Products an iteration | Cycles | All units' limit | Multiplications' limit | Share of it |", "|---|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for file, flags, core, name, rate in CORES:
            for function, code in functions(file, flags, folder).items():
                if not function.startswith(COMPARED.get((file, core), "")):
                    continue
                best = {}
                for loop in loops(code):
                    if n := products(loop):
                        best[n] = min(best.get(n, (1e9, 0)), cycles(loop, core))
                for n, (took, least) in sorted(best.items(), reverse=True):
                    alone = n / MOST[file] / rate
                    lines.append(f"| `{function}` | {name} | {n} | {took:.1f} | {least:.1f} | {alone:.1f} | {100 * alone / took:.0f} % |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--print", action="store_true", help="write to stdout")
    made = table()
    if parser.parse_args().print:
        print(made, end="")
        return
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + made + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
