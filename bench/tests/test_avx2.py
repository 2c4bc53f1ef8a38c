"""CPUID is found where it is an instruction, and answered without AVX-512; everything else of the answer stays."""

import os
from pathlib import Path
import platform
import shutil
import struct
import subprocess

import pytest

from bench import avx2

needs = pytest.mark.skipif(platform.machine() != "x86_64" or not shutil.which("cc") or not shutil.which("objdump"), reason="needs x86-64, cc and objdump")
LISTING = """
libx.so:     file format elf64-x86-64

0000000000001000 <f>:
    1000:\tpush   %rbx
    1004:\tcpuid
    1006:\tmov    $0xa20f,%eax
    1010:\tcall   1004 <cpuid_of>
    1a3f:\tcpuid  
"""

PROGRAM = r"""
#include <cpuid.h>
#include <stdio.h>
int main(void) {
	unsigned part[][2] = {{0, 0}, {1, 0}, {7, 0}, {7, 1}, {0xd, 0}};
	for (int i = 0; i < 5; i++) {
		unsigned a, b, c, d;
		__cpuid_count(part[i][0], part[i][1], a, b, c, d);
		printf("%x %x %x %x\n", a, i == 1 ? b & 0xffffff : b, c, d);
	}
}
"""


def elf(*parts):
    """The bytes of an ELF file of these (address, content)."""
    head, body, offset = b"", b"", 64 + 56 * len(parts)
    for address, content in parts:
        head += struct.pack("<IIQQQQQQ", 1, 5, offset + len(body), address, address, len(content), len(content), 4096)
        body += content
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, len(parts), 0, 0, 0) + head + body


def test_addresses():
    assert avx2.addresses(LISTING) == [0x1004, 0x1A3F]


def test_patched():
    code = b"\x53\x0f\xa2\x90\xb8\x0f\xa2\x00\x00\x0f\xa2"
    data = elf((0x400, b"data"), (0x1000, code))
    made = avx2.patched(data, [0x1001, 0x1009])
    assert made == elf((0x400, b"data"), (0x1000, b"\x53\xcc\x90\x90\xb8\x0f\xa2\x00\x00\xcc\x90")), "the constant stays"
    for place in (0x1000, 0x1002, 0x100A, 0x2000, 0x100B):
        with pytest.raises(ValueError, match=f"no CPUID at address {place:#x}"):
            avx2.patched(data, [place])
    with pytest.raises(ValueError, match="not a 64-bit ELF file"):
        avx2.patched(b"PK\x03\x04", [1])


WIDE = r"""
#include <stdio.h>
int avx2_exceeded(void);
int main(void) {
	printf("%d", avx2_exceeded());
	if (__builtin_cpu_supports("avx512f")) __asm__ volatile("vpternlogd $255, %zmm17, %zmm17, %zmm17");
	printf("%d", avx2_exceeded());
}
"""


@needs
def test_use_of_avx512_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(avx2, "FOLDER", tmp_path)
    (tmp_path / "w.c").write_text(WIDE)
    subprocess.run(["cc", "-O1", "-o", tmp_path / "w", tmp_path / "w.c", avx2.shim()], check=True)
    env = {**os.environ, "GLIBC_TUNABLES": avx2.TUNABLES}
    said = subprocess.run([tmp_path / "w"], check=True, capture_output=True, text=True, env=env).stdout
    assert said == "01" if "avx512f" in Path("/proc/cpuinfo").read_text() else "00"


@needs
def test_a_program_sees_no_avx512(tmp_path, monkeypatch):
    monkeypatch.setattr(avx2, "FOLDER", tmp_path)
    (tmp_path / "p.c").write_text(PROGRAM)
    program = tmp_path / "p"
    subprocess.run(["cc", "-O1", "-o", program, tmp_path / "p.c"], check=True)
    run = lambda **more: [[int(v, 16) for v in line.split()] for line in
                          subprocess.run([program], check=True, capture_output=True, text=True, env={**os.environ, **more}).stdout.splitlines()]
    plain = run()
    found = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], check=True, capture_output=True, text=True).stdout
    program.write_bytes(avx2.patched(program.read_bytes(), avx2.addresses(found)))
    limited = run(LD_PRELOAD=str(avx2.shim()))
    assert limited[:2] == plain[:2], "leaves that say nothing of it stay"
    (_, b, c, d), (a1, _, _, d1), (states, *_) = limited[2:]
    assert b & (1 << 16 | 1 << 17 | 1 << 30 | 1 << 31) == 0 and c & (1 << 1 | 1 << 6 | 1 << 11) == 0 and d & (1 << 24 | 1 << 25) == 0
    assert a1 & (1 << 4 | 1 << 5) == 0 and d1 & (1 << 4 | 1 << 10) == 0 and states & 0xE0 == 0
    assert b & 1 << 5 == plain[2][1] & 1 << 5, "AVX2 stays"
    lost = [[p & ~q for p, q in zip(*pair)] for pair in zip(plain, limited)]
    gained = [[q & ~p for p, q in zip(*pair)] for pair in zip(plain, limited)]
    assert not any(map(any, gained)) and lost[2][0] == 0
