package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// declaration is one kernel of a C file.
type declaration struct{ name, args string }

var kernelDecl = regexp.MustCompile(`(?m)^void (\w+)\(const struct (\w+) \*a\)`)

// declarations finds the kernels of a C file, in its order.
func declarations(source []byte) ([]declaration, error) {
	var list []declaration
	for _, m := range kernelDecl.FindAllSubmatch(source, -1) {
		list = append(list, declaration{string(m[1]), camel(string(m[2]))})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no line of the form: void name(const struct some_args *a)")
	}
	return list, nil
}

// camel turns some_args into someArgs.
func camel(s string) string {
	parts := strings.Split(s, "_")
	for i, p := range parts[1:] {
		parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.Join(parts, "")
}

// instruction is its bytes and what the disassembler calls it.
type instruction struct {
	code []byte
	text string
}

type function struct {
	name string
	code []instruction
}

var listingLine = regexp.MustCompile(`^\s*([0-9a-f]+):\s+(.*)$`)

// load reads the functions of an object. Its one section with contents must be the code, without relocations.
func load(object, listing string) (map[string]*function, error) {
	f, err := elf.Open(object)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for _, s := range f.Sections {
		switch {
		case s.Type == elf.SHT_REL || s.Type == elf.SHT_RELA:
			return nil, fmt.Errorf("section %s: relocations; a constant went to memory, or something is called", s.Name)
		case s.Flags&elf.SHF_ALLOC != 0 && s.Name != ".text" && s.Size != 0:
			return nil, fmt.Errorf("section %s: data", s.Name)
		}
	}
	text, err := f.Section(".text").Data()
	if err != nil {
		return nil, err
	}
	symbols, err := f.Symbols()
	if err != nil {
		return nil, err
	}
	mnemonics := map[uint64]string{}
	for line := range strings.Lines(listing) {
		if m := listingLine.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil {
			address, err := strconv.ParseUint(m[1], 16, 64)
			if err != nil {
				return nil, err
			}
			mnemonics[address] = strings.Join(strings.Fields(m[2]), " ")
		}
	}
	functions := map[string]*function{}
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) != elf.STT_FUNC {
			continue
		}
		fn := &function{name: s.Name}
		for at := s.Value; at < s.Value+s.Size; {
			mnemonic, ok := mnemonics[at]
			if !ok {
				return nil, fmt.Errorf("%s: no instruction at %#x", s.Name, at)
			}
			end := at + 1
			for ; end < s.Value+s.Size && mnemonics[end] == ""; end++ {
			}
			fn.code = append(fn.code, instruction{text[at:end], mnemonic})
			at = end
		}
		functions[s.Name] = fn
	}
	return functions, nil
}

// maxStack is the stack that a kernel may use, in bytes. A function without a stack check (NOSPLIT) that is called
// from one with a check has 800 bytes on Linux (internal/abi.StackNosplitBase); the wrapper between takes under 64.
const maxStack = 448

var (
	forbidden = map[string]*regexp.Regexp{
		"amd64": regexp.MustCompile(`^(call|syscall|int |ud2|hlt|leave|iret|sysenter|.*\[rip|.*[ ,](fs|gs):)`),
		"arm64": regexp.MustCompile(`^(bl |blr|adr|svc|brk|udf|ldr \S+, 0x|.*\b[xw](18|27|28)\b)`),
	}
	stackUse = map[string]*regexp.Regexp{
		"amd64": regexp.MustCompile(`^(?:(push) |sub rsp, (\w+)|and rsp, -(\w+))`),
		"arm64": regexp.MustCompile(`^(?:sub sp, sp, #(\w+)|st.*\[sp, #-(\w+)\]!)`),
	}
)

// alignedSpill is an x86 instruction that faults unless the stack is aligned as C has it; Go's is to 8 bytes. A
// function that aligns its stack itself may have them.
var alignedSpill = regexp.MustCompile(`^v?mov(aps|apd|dqa\S*|ntps|ntdq) .*\[r[sb]p`)

// check finds what could not live inside a Go program.
func (f *function) check(arch string) error {
	stack, aligned := 0, false
	for _, i := range f.code {
		if forbidden[arch].MatchString(i.text) {
			return fmt.Errorf("forbidden: %s", i.text)
		}
		aligned = aligned || strings.HasPrefix(i.text, "and rsp, -")
		if arch == "amd64" && !aligned && alignedSpill.MatchString(i.text) {
			return fmt.Errorf("aligned access to a stack that is not: %s", i.text)
		}
		m := stackUse[arch].FindStringSubmatch(i.text)
		if m == nil {
			continue
		}
		for _, size := range m[1:] {
			switch size {
			case "":
			case "push":
				stack += 8
			default:
				n, err := strconv.ParseInt(size, 0, 32)
				if err != nil {
					return fmt.Errorf("%s: %w", i.text, err)
				}
				stack += int(n)
			}
		}
	}
	if stack > maxStack {
		return fmt.Errorf("%d bytes of stack, more than %d", stack, maxStack)
	}
	if last := f.code[len(f.code)-1].text; !strings.HasPrefix(last, "ret") && !strings.HasPrefix(last, "jmp") && !strings.HasPrefix(last, "b ") {
		return fmt.Errorf("ends in %q", last)
	}
	return nil
}

// write emits the function: the argument from Go's stack to the C calling convention's first register, then the code
// with its own return.
func (f *function) write(b *bytes.Buffer, arch string) {
	fmt.Fprintf(b, "\n// func %s(a)\nTEXT ·%s(SB), NOSPLIT|NOFRAME, $0-8\n", f.name, f.name)
	if arch == "amd64" {
		b.WriteString("\tMOVQ a+0(FP), DI\n\tPCALIGN $64\n")
	} else {
		b.WriteString("\tMOVD a+0(FP), R0\n")
	}
	for _, i := range f.code {
		b.WriteString("\t")
		for n, rest := 0, i.code; len(rest) > 0; n++ {
			if n > 0 {
				b.WriteString("; ")
			}
			size, name := piece(len(rest), arch)
			b.WriteString(name + " $0x")
			for k := size - 1; k >= 0; k-- {
				fmt.Fprintf(b, "%02x", rest[k])
			}
			rest = rest[size:]
		}
		fmt.Fprintf(b, " // %s\n", i.text)
	}
}

// piece is the largest directive for at most n bytes.
func piece(n int, arch string) (size int, name string) {
	switch {
	case arch == "arm64":
		return 4, "WORD"
	case n >= 8:
		return 8, "QUAD"
	case n >= 4:
		return 4, "LONG"
	case n >= 2:
		return 2, "WORD"
	}
	return 1, "BYTE"
}
