package runtime

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/depthwise/depthwise/mask"
)

// metadataPrefix begins the keys of what a model file says to the runtime.
const metadataPrefix = "depthwise."

// Metadata is what a student's file says about itself, in ONNX metadata_props under "depthwise.".
type Metadata struct {
	Format     string // version of this contract: "1"
	Name       string
	Palette    mask.Palette // classes, their colours and the void id
	Width      int          // of the input, pixels
	Height     int
	BGR        bool // colour_order is "bgr"
	Depth      DepthEncoding
	Fusion     string            // "early", "late", …
	Modalities []string          // of "color", "depth"
	Codes      map[string]string // 64-bit codes that the network gives beside the classes: modality → name of the output
	Method     string
	Data       string
	FloatMIoU  string // of the validation split; text, as the exporter wrote it
	Int8MIoU   string
	Exporter   string
	SHA256     string // of the file, see verifySHA256
}

// MetadataOptions supply what a file does not say, and overrule what it does.
type MetadataOptions struct {
	Classes []string       // names; the ids are their positions
	Depth   *DepthEncoding //
	BGR     *bool
	Name    string
}

// ParseMetadata reads a model's metadata_props. Without any depthwise key it is not a student, and o has to say what is
// needed; a student's file must be whole.
func ParseMetadata(props map[string]string, o MetadataOptions) (Metadata, error) {
	m := Metadata{Name: o.Name}
	get := func(key string) string { return props[metadataPrefix+key] }
	fail := func(key string, err error) (Metadata, error) {
		return Metadata{}, fmt.Errorf("runtime: metadata %q: %w", metadataPrefix+key, err)
	}
	if m.Format = get("format"); m.Format != "" && m.Format != "1" {
		return fail("format", fmt.Errorf("%q: this version reads format 1", m.Format))
	}
	if m.Name == "" {
		m.Name = get("name")
	}
	if err := m.classes(get("classes"), get("palette"), get("void"), o.Classes); err != nil {
		return fail("classes", err)
	}
	if s := get("input"); s != "" {
		w, h, ok := strings.Cut(s, "x")
		var err1, err2 error
		m.Width, err1 = strconv.Atoi(w)
		m.Height, err2 = strconv.Atoi(h)
		if !ok || err1 != nil || err2 != nil || checkSize("", m.Width, m.Height) != nil {
			return fail("input", fmt.Errorf("%q is not width x height, such as 320x240", s))
		}
	}
	switch order := get("color_order"); {
	case order != "" && order != "rgb" && order != "bgr":
		return fail("color_order", fmt.Errorf("%q is neither rgb nor bgr", order))
	case o.BGR != nil:
		m.BGR = *o.BGR
	default:
		m.BGR = order == "bgr"
	}
	if s := get("depth"); o.Depth != nil {
		m.Depth = *o.Depth
	} else if s != "" {
		if err := json.Unmarshal([]byte(s), &m.Depth); err != nil {
			return fail("depth", err)
		}
	}
	if m.Depth != (DepthEncoding{}) {
		if err := m.Depth.check(); err != nil {
			return fail("depth", err)
		}
	}
	if s := get("modalities"); s != "" {
		if err := json.Unmarshal([]byte(s), &m.Modalities); err != nil {
			return fail("modalities", err)
		}
	}
	if s := get("codes"); s != "" {
		if err := json.Unmarshal([]byte(s), &m.Codes); err != nil {
			return fail("codes", err)
		}
		for modality, output := range m.Codes {
			if modality != "color" && modality != "depth" || output == "" {
				return fail("codes", fmt.Errorf("%q: %q: want names of outputs, of color and depth", modality, output))
			}
		}
	}
	m.Fusion, m.Method, m.Data, m.Exporter = get("fusion"), get("method"), get("data"), get("exporter")
	m.FloatMIoU, m.Int8MIoU, m.SHA256 = get("float_miou"), get("int8_miou"), get("sha256")
	return m, nil
}

// classes fills the palette in; given names go before the file's. No names at all leave it empty.
func (m *Metadata) classes(names, colors, void string, given []string) error {
	id := 255
	if void != "" {
		var err error
		if id, err = strconv.Atoi(void); err != nil || id < 0 || id > 255 {
			return fmt.Errorf("void id %q is not 0 to 255", void)
		}
	}
	m.Palette.Void = uint8(id)
	var list, rgb []string
	if len(given) > 0 {
		list = given
	} else if names == "" {
		return nil
	} else if err := json.Unmarshal([]byte(names), &list); err != nil {
		return err
	}
	if colors != "" && len(given) == 0 {
		if err := json.Unmarshal([]byte(colors), &rgb); err != nil {
			return err
		}
	}
	p, err := mask.NewPalette(list, rgb, uint8(id))
	if err != nil {
		return err
	}
	m.Palette = p
	return nil
}

// Uses tells whether the modalities name one; a file without the list is taken to use all its inputs.
func (m *Metadata) Uses(modality string) bool {
	return len(m.Modalities) == 0 || slices.Contains(m.Modalities, modality)
}

// verifySHA256 holds a model file to the hash in its own metadata: the SHA-256 of the file's bytes with the 64
// characters of that very value set to '0'.
func verifySHA256(file []byte, want string) error {
	if _, err := hex.DecodeString(want); err != nil || len(want) != 64 {
		return fmt.Errorf("runtime: metadata %q: %q is not a SHA-256 in hex", metadataPrefix+"sha256", want)
	}
	at := bytes.Index(file, []byte(want))
	if at < 0 || bytes.Contains(file[at+1:], []byte(want)) {
		return fmt.Errorf("runtime: metadata %q: does not occur once in the file", metadataPrefix+"sha256")
	}
	h := sha256.New()
	h.Write(file[:at])
	h.Write(bytes.Repeat([]byte{'0'}, 64))
	h.Write(file[at+64:])
	if got := hex.EncodeToString(h.Sum(nil)); got != strings.ToLower(want) {
		return fmt.Errorf("runtime: the model file was changed after it was exported: its SHA-256 is %s, its metadata says %s", got, want)
	}
	return nil
}
