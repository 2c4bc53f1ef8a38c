package models

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Students are embedded packed, for a small binary. A test holds packed/NAME.onnx.zst to NAME.onnx, and with -update writes
// it.
var (
	//go:embed *.json
	files embed.FS
	//go:embed packed/tabletop.onnx.zst
	tabletop []byte
	//go:embed packed/tabletop-depth.onnx.zst
	tabletopDepth []byte
	//go:embed packed/tabletop-nano.onnx.zst
	tabletopNano []byte
	//go:embed packed/tabletop-rgb.onnx.zst
	tabletopRGB []byte
	//go:embed packed/indoor.onnx.zst
	indoor []byte
)

// Default is the student that runs when none is named.
const Default = "tabletop"

// Model is one shipped student, its network unpacked. JSON may be the binary's own and is not to be changed.
type Model struct {
	Name string
	ONNX []byte // the model file
	Card Card
	JSON []byte // the card's file as it stands
}

// Card is what every card says; the file may say more. Scores are mean intersection over union in percent.
type Card struct {
	Name      string   `json:"name"`
	Summary   string   `json:"summary"` // one line
	Classes   []string `json:"classes"` // by id
	Method    string   `json:"method"`  // how it was trained
	FloatMIoU float64  `json:"float_miou"`
	Int8MIoU  float64  `json:"int8_miou"`
}

// List names the students in the binary, in alphabetical order.
func List() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("models: the embedded folder cannot be read: %v", err)) // it is part of the binary
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			names = append(names, name)
		}
	}
	return names
}

// Open returns a student by its name. A name that is not in [List] is an error that names those that are.
func Open(name string) (Model, error) {
	m := Model{Name: name}
	var err error
	if path.Base(name) != name {
		return m, fmt.Errorf("models: open %q: not a name", name)
	}
	if m.JSON, err = files.ReadFile(name + ".json"); err != nil {
		return m, fmt.Errorf("models: open %q: no such student; there are: %s", name, strings.Join(List(), ", "))
	}
	if m.ONNX, err = network(name); err != nil {
		return m, fmt.Errorf("models: open %q: %w", name, err)
	}
	if err := json.Unmarshal(m.JSON, &m.Card); err != nil {
		return m, fmt.Errorf("models: open %q: card: %w", name, err)
	}
	return m, nil
}

// network is a student's model file.
func network(name string) ([]byte, error) {
	var packed []byte
	switch name {
	case "tabletop":
		packed = tabletop
	case "tabletop-depth":
		packed = tabletopDepth
	case "tabletop-nano":
		packed = tabletopNano
	case "tabletop-rgb":
		packed = tabletopRGB
	case "indoor":
		packed = indoor
	default:
		return nil, errors.New("its card is embedded, its file is not")
	}
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.DecodeAll(packed, nil)
}
