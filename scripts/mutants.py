"""Break the kernels on purpose, one small change at a time, and see that their tests notice.

    python3 scripts/mutants.py                       # amd64 and, under qemu-user, arm64; three changes of each kernel
    python3 scripts/mutants.py --file avx512vnni --each 5 --seed 2

A kernel is a function of quant/internal/kernel/_c and whatever it is made of there: inline functions, macros, headers. A
mutant exchanges one word of that: a comparison, an index, low and high halves, a sum and a difference, front and back,
columns. It is compiled, made into assembly and tested in a copy of the tree; it is caught when the tests fail, crash or don't
end. Mutants that clang refuses, or compiles to the same assembly, don't count. Exit code 1 when one survives: then look
whether it changes anything at all. Not a part of make check: it takes some seconds a mutant.
"""

import argparse
import os
from pathlib import Path
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("quant/internal/kernel")

# C file → headers that it is made with, architecture, qemu's CPU.
FILES = {
    "avx512vnni": ([], "amd64", ""),
    "avx2": (["avx.h"], "amd64", ""),
    "avxvnni": (["avx.h"], "amd64", ""),  # left out on a CPU without it
    "dotprod": (["arm64.h", "arm64_table.h"], "arm64", "cortex-a76"),
    "i8mm": (["arm64.h", "arm64_table.h"], "arm64", "max"),
    "neon": (["arm64.h", "arm64_shift.h"], "arm64", "cortex-a72"),
}

# A change: what to find, and what to make of it.
CHANGES = [(re.compile(find), make) for find, make in [
    (r"unpacklo", "unpackhi"), (r"unpackhi", "unpacklo"), (r"shldi", "shrdi"), (r"shrdi", "shldi"), (r"zip1q", "zip2q"),
    (r"zip2q", "zip1q"), (r"\blows\(sum", "highs(sum"), (r"\bhighs\(sum", "lows(sum"), (r"(?<=k )< a->steps", "< 0"), (r"32 \* j \+", "16 * j +"), (r"vget_low", "vget_high"), (r"vget_high", "vget_low"), (r"adds_epi16", "subs_epi16"),
    (r"vqaddq", "vqsubq"), (r"add_ps", "sub_ps"), (r"vaddq_f32", "vsubq_f32"), (r"fmadd_ps", "fmsub_ps"), (r"max_epu8", "min_epu8"),
    (r"min_epu8", "max_epu8"), (r"vmaxq_s8", "vminq_s8"), (r"vminq_s8", "vmaxq_s8"), (r"slli_epi32", "srli_epi32"),
    (r"\bfront\b(?=\[)", "back"), (r"\bback\b(?=\[)", "front"), (r"\bw\[o\]\[0\]", "w[o][1]"), (r"4 \+ j - D\b", "4 + j"), (r"\bv\[2 \* j\]", "v[2 * j + 1]"),
    (r"\bthree\b(?=\))", "nine"), (r" << p->last", " << 0"), (r"0xd8", "0xe4"), (r"\b(?<!->)upper \+", "lower +"), (r"\bwl\b(?!\s*=|,)", "wr"), (r"\bwt\b(?!\s*=|,)", "wb"),
    (r"\btl\b(?=[,)])", "tr"), (r"\bleft\b(?=[,)])", "right"), (r"acc\[0\]", "acc[1]"), (r"\[2\]", "[3]"), (r"(?<=\()a->top\b", "a->bottom"),
    (r"b - 1\b", "b"), (r"b \+ 1\b(?!\))", "b"), (r" < a->blocks", " < a->blocks - 1"), (r" < a->cells", " < a->cells - 1"), (r" < a->steps", " < a->steps - 1"),
    (r" < a->taps_y", " < a->taps_y - 1"), (r" < a->quads", " < a->quads - 1"), (r" < a->bytes", " < a->bytes - 16"), (r" < a->rows", " < a->rows - 1"),
    (r"a->bias \+ 16", "a->bias + 15"), (r"a->bias \+ 4", "a->bias + 3"), (r"r\.scale \+ at", "r.scale + at + 1"), (r"a->scale \+ 4", "a->scale + 3"),
    (r"64 \* g\b", "63 * g"), (r"16 \* c\b", "15 * c"), (r"16 \* cell\b", "12 * cell"), (r"16 \* k\b", "12 * k"), (r"64 \* k\b", "60 * k"), (r"(?<!word )\bzero\b(?=\))", "zero * 2"),
    (r"_CMP_GT_OQ", "_CMP_GE_OQ"), (r"vcgtq", "vcgeq"), (r"0x0d0905010c080400", "0x0d0905010c080004"), (r"& 0x2222", "& 0x1111"),
    (r"\bo \+ 1\b", "o"), (r"r\.bias", "r.parity"), (r"r\.odd", "r.bias"), (r"\bkeep\)", "pad)"), (r"cvtps_epi32", "cvttps_epi32"), (r"vcvtnq", "vcvtq"),
    (r"t\[1\]", "t[0]"), (r"part\)", "vaddq_u8(part, part))"), (r"setzero_si512\(\), ones", "set1_epi32(1), ones"), (r"flip\)", "_mm_setzero_si128())"),
]]


def regions(text):
    """Name → (begin, end) of the functions and macros of a C file; a macro that makes functions goes by its own name."""
    found = {}
    for m in re.finditer(r"^#define (\w+)\b(?:.*\\\n)*.*\n|^(?:INLINE|static inline|void)[^;{]*?(\w+)\([^;{]*\{(?:\n(?!\}).*)*\n?\}|^(?:INLINE|static inline|void)[^;{\n]*?(\w+)\(.*\}$",
                         text, re.M):
        found.setdefault(m[1] or m[2] or m[3], []).append((m.start(), m.end()))
    return found


def uses(body, names):
    """The regions that a body mentions."""
    return {n for n in names if re.search(rf"\b{n}\b", body)}


def sites(name):
    """Kernel → list of (file, position, found, made)."""
    files = [f"{name}.c", *FILES[name][0]]
    texts = {f: (ROOT / PACKAGE / "_c" / f).read_text() for f in files}
    where = {}
    for f, text in texts.items():
        for region, spans in regions(text).items():
            where.setdefault(region, []).extend((f, *span) for span in spans)
    body = {region: "".join(texts[f][a:b] for f, a, b in spans) for region, spans in where.items()}
    made_by = {m[1]: region for region, text in body.items()  # functions that macros make: depthwise_s1 by DEPTHWISE_S1
               for m in re.finditer(r"INLINE[^(\n]*?\b(\w+?)_##", text)}
    kernels = {}
    for m in re.finditer(r"^void (\w+)\(const struct", texts[f"{name}.c"], re.M):
        if m[1].startswith("peak"):
            continue
        todo, seen = [m[1]], set()
        while todo:
            region = todo.pop()
            if region in seen or region not in body:
                continue
            seen.add(region)
            todo += uses(body[region], body)
            todo += [r for prefix, r in made_by.items() if re.search(rf"\b{prefix}_[\w#]+\(", body[region])]
        seen -= {"peak"}
        kernels[m[1]] = [(f, a + s.start(), s[0], make) for region in sorted(seen) for f, a, b in where[region]
                         for find, make in CHANGES for s in find.finditer(texts[f][a:b])]
    return kernels


def run(command, folder, timeout, **environment):
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout, env={**os.environ, **environment})
    except subprocess.TimeoutExpired:
        return 124, "did not end"
    return done.returncode, done.stdout + done.stderr


def test(folder, arch, cpu):
    command = ["go", "test", "-short", "-failfast", "-timeout", "120s", f"./{PACKAGE}"]
    if cpu:
        command[2:2] = ["-exec", f"qemu-aarch64 -cpu {cpu}"]
    return run(command, folder, 400, GOARCH=arch, CGO_ENABLED="0")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", choices=list(FILES), action="append", help="only these")
    parser.add_argument("--each", type=int, default=3, help="mutants of each kernel (default 3)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    caught, survivors, short = 0, [], []
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        for part in ("go.mod", "go.sum", "quant"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, tree / part)
        code, out = run(["go", "build", "-o", f"{folder}/asmgen", f"./{PACKAGE}/asmgen"], tree, 600)
        assert code == 0, out
        for name in options.file or FILES:
            if name == "avxvnni" and "avx_vnni" not in Path("/proc/cpuinfo").read_text():
                print("avxvnni: this CPU lacks it, and its tests are skipped")
                continue
            _, arch, cpu = FILES[name]
            assembly = tree / PACKAGE / f"{name}_{arch}.s"
            original = assembly.read_text()
            done = set()
            for kernel, list_of_sites in sites(name).items():
                random.Random(f"{options.seed} {kernel}").shuffle(list_of_sites)
                taken = 0
                for f, at, found, made in list_of_sites:
                    if taken == options.each:
                        break
                    if (f, at) in done:
                        continue
                    source = tree / PACKAGE / "_c" / f
                    text = (ROOT / PACKAGE / "_c" / f).read_text()
                    source.write_text(text[:at] + made + text[at + len(found):])
                    code, _ = run([f"{folder}/asmgen", "-C", str(PACKAGE), "-only", name], tree, 600)
                    changed = code == 0 and assembly.read_text() != original
                    if changed:
                        done.add((f, at))
                        taken += 1
                        code, out = test(tree, arch, cpu)
                        line = text.count("\n", 0, at) + 1
                        says = f"{kernel}: {f}:{line}: {found!r} → {made!r}"
                        if code:
                            caught += 1
                            print("caught   ", says, flush=True)
                        else:
                            survivors.append(says)
                            print("SURVIVED ", says, flush=True)
                    source.write_text(text)
                    assembly.write_text(original)
                if taken < options.each:
                    short.append(f"{kernel}: {taken} mutants")
    print(f"{caught} caught, {len(survivors)} survived" + "".join(f"\nfew: {s}" for s in short))
    sys.exit(bool(survivors))


if __name__ == "__main__":
    main()
