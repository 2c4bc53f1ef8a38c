package main

import (
	"bytes"
	"strings"
	"testing"
)

func made(lines ...string) *function {
	f := &function{name: "f"}
	for _, l := range lines {
		f.code = append(f.code, instruction{[]byte{0x90}, l})
	}
	return f
}

// TestCheck: what could not live inside a Go program is found, and what may is not.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, arch, fault string
		f                 *function
	}{
		{"plain", "amd64", "", made("vpaddd zmm0, zmm1, zmm2", "ret")},
		{"tail jump", "amd64", "", made("jmp 0x20", "ret")},
		{"call", "amd64", "forbidden", made("call 0x20", "ret")},
		{"constant in memory", "amd64", "forbidden", made("vmovups ymm0, ymmword ptr [rip + 0x10]", "ret")},
		{"thread pointer", "amd64", "forbidden", made("mov rax, qword ptr fs:0x28", "ret")},
		{"large stack", "amd64", "bytes of stack", made("sub rsp, 0x1f8", "ret")},
		{"pushes", "amd64", "bytes of stack", made("push rbx", "sub rsp, 0x1bc", "ret")},
		{"small stack", "amd64", "", made("push rbx", "sub rsp, 0x38", "ret")},
		{"aligned spill", "amd64", "aligned", made("sub rsp, 0x38", "vmovdqa xmmword ptr [rsp], xmm7", "ret")},
		{"unaligned spill", "amd64", "", made("sub rsp, 0x38", "vmovdqu xmmword ptr [rsp], xmm7", "ret")},
		{"spill on a stack that it aligned", "amd64", "", made("and rsp, -0x20", "vmovdqa ymmword ptr [rsp], ymm7", "ret")},
		{"falls off", "amd64", "ends in", made("nop")},
		{"plain", "arm64", "", made("sdot v0.4s, v1.16b, v2.4b[0]", "ret")},
		{"call", "arm64", "forbidden", made("bl 0x20", "ret")},
		{"g", "arm64", "forbidden", made("mov x28, x0", "ret")},
		{"platform register", "arm64", "forbidden", made("ldr w18, [x0]", "ret")},
		{"constant in memory", "arm64", "forbidden", made("adrp x0, 0x0", "ret")},
		{"large stack", "arm64", "bytes of stack", made("stp d9, d8, [sp, #-0x70]!", "sub sp, sp, #0x180", "ret")},
	} {
		err := c.f.check(c.arch)
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s, %s: %v, want %q", c.arch, c.name, err, c.fault)
		}
	}
}

// TestWrite: bytes come out little-endian, in the largest pieces.
func TestWrite(t *testing.T) {
	f := &function{name: "f", code: []instruction{{[]byte{1, 2, 3, 4, 5, 6, 7}, "seven"}, {[]byte{0xc3}, "ret"}}}
	var b bytes.Buffer
	f.write(&b, "amd64")
	for _, want := range []string{"TEXT ·f(SB), NOSPLIT|NOFRAME, $0-8", "LONG $0x04030201; WORD $0x0605; BYTE $0x07 // seven", "BYTE $0xc3 // ret"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}

func TestDeclarations(t *testing.T) {
	got, err := declarations([]byte("static void f(void);\nvoid pointwiseX(const struct conv_any_args *a) { }\n"))
	if err != nil || len(got) != 1 || got[0] != (declaration{"pointwiseX", "convAnyArgs"}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := declarations([]byte("int main(void);")); err == nil {
		t.Error("a file without kernels is taken")
	}
}
