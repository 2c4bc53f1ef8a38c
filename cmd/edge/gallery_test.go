package main

import (
	"strings"
	"testing"

	"github.com/depthwise/depthwise/mask"
)

// What a model or a file is called never becomes part of the page's markup.
func TestEvalPageEscapesNames(t *testing.T) {
	const evil = `<script src="x">'&`
	frame := shown{Source: evil, Name: evil, width: 2, height: 2, color: make([]byte, 12), labels: make([]byte, 4), predicts: make([]byte, 4)}
	palette, err := mask.NewPalette([]string{evil}, nil, 255)
	if err != nil {
		t.Fatal(err)
	}
	r := &evalResult{Model: evil, Classes: []string{evil}, Sources: []evalScore{{Source: evil}}, palette: palette,
		gallery: &gallery{worst: []shown{frame}}}
	page, err := evalPage([]*evalResult{r})
	if err != nil {
		t.Fatal(err)
	}
	if text := string(page); strings.Contains(text, "<script") || strings.Count(text, "&lt;script") < 5 {
		t.Errorf("names are not escaped:\n%s", text)
	}
}
