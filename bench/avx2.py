"""Peers limited to AVX2: copies of their packages that ask bench/avx2.c what the CPU has.

MLAS, in ONNX Runtime, and XNNPACK, in LiteRT, choose their kernels by CPUID and have no switch; oneDNN has one, which
OpenVINO's own kernels need not follow. So a package is copied, CPUID (0F A2) in its libraries becomes a breakpoint and
a NOP (CC 90), and a preloaded library answers for the CPU: everything but AVX-512, AMX and AVX-VNNI. It also sees whether
registers of AVX-512 are in use all the same.

Instructions are found by objdump, as the two bytes alone also occur inside of others. Needs binutils and a C compiler.
"""

from importlib.metadata import version
from importlib.util import find_spec
import os
from pathlib import Path
import re
import shutil
import struct
import subprocess

CPUID, TRAP = b"\x0f\xa2", b"\xcc\x90"
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build/avx2"
PACKAGES = {"ONNX Runtime": ("onnxruntime", "onnxruntime"), "OpenVINO": ("openvino", "openvino"), "LiteRT": ("ai_edge_litert", "ai-edge-litert")}
TUNABLES = "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX512CD,-AVX512DQ"  # the C library's own choice for strings and memory
UNUSED = ("gpu_plugin", "npu_plugin", "WebGpu", "vendors")  # parts of paths of libraries that no CPU run loads


def segments(data):
    """(address, offset, bytes) of an ELF file's loaded parts."""
    if data[:5] != b"\x7fELF\x02":
        raise ValueError("avx2: not a 64-bit ELF file")
    start, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for i in range(count):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, start + i * size)
        if kind == 1:  # PT_LOAD
            yield address, offset, length


def addresses(listing):
    """Addresses of CPUID in what objdump -d --no-show-raw-insn prints."""
    return [int(m[1], 16) for m in re.finditer(r"^\s*([0-9a-f]+):\s+cpuid\b", listing, re.M)]


def patched(data, places):
    """An ELF file with a breakpoint at each of these addresses."""
    out, parts = bytearray(data), list(segments(data))
    for place in places:
        at = next((place - address + offset for address, offset, length in parts if address <= place < address + length), None)
        if at is None or data[at:at + 2] != CPUID:
            raise ValueError(f"avx2: no CPUID at address {place:#x}")
        out[at:at + 2] = TRAP
    return bytes(out)


def shim():
    """The library to preload."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    source, made = Path(__file__).with_suffix(".c"), FOLDER / "avx2.so"
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-o", made, source], check=True)
    return made


def package(peer):
    """Copies and patches a peer's package, once a version."""
    name, distribution = PACKAGES[peer]
    target, stamp = FOLDER / name, FOLDER / f"{name}.version"
    if stamp.exists() and stamp.read_text() == version(distribution):
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(find_spec(name).submodule_search_locations[0], target, ignore=shutil.ignore_patterns("*gpu_plugin*", "*npu_plugin*"))
    for library in target.rglob("*.so*"):
        data = library.read_bytes()
        if CPUID not in data or any(part in str(library.relative_to(target)) for part in UNUSED):
            continue
        said = subprocess.run(["objdump", "-d", "--no-show-raw-insn", library], check=True, capture_output=True, text=True).stdout
        library.write_bytes(patched(data, addresses(said)))
    stamp.write_text(version(distribution))


def environment(peer):
    """The environment of a peer's process that is to have AVX2 alone."""
    package(peer)
    return {**os.environ, "LD_PRELOAD": str(shim()), "PYTHONPATH": str(FOLDER), "GLIBC_TUNABLES": TUNABLES, "ONEDNN_MAX_CPU_ISA": "AVX2"}
