package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

func pageRow(name string, s *evalScore, classes []string) []string {
	return append([]string{name}, strings.Split(printEvalLine(s, classes), "\t")...)
}

// view encodes a frame's pictures.
func (s *shown) view(r *evalResult) (v galleryView, err error) {
	v = galleryView{Source: s.Source, Name: s.Name, MIoU: 100 * s.MIoU}
	for _, c := range s.Classes {
		v.Classes = append(v.Classes, fmt.Sprintf("%s %.1f", r.Classes[c.ID], 100*c.IoU))
	}
	if v.Color, err = s.picture(nil, &r.palette); err != nil {
		return v, err
	}
	if v.Label, err = s.picture(s.labels, &r.palette); err != nil {
		return v, err
	}
	v.Predicts, err = s.picture(s.predicts, &r.palette)
	return v, err
}

const pageHead = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>edge eval</title>
<style>
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:96rem;padding:0 1rem;color:#222;background:#fff}
h1,h2{font-weight:600}table{border-collapse:collapse}td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}figure{margin:0 0 1.4rem}figcaption{margin-bottom:.3rem}
.row{display:grid;grid-template-columns:repeat(3,1fr);gap:.4rem}img{width:100%;display:block}
.key{display:inline-block;width:.9em;height:.9em;margin:0 .3em 0 1em;vertical-align:-.1em;border:1px solid #888}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}td,th{border-color:#444}}
</style>
`

// printPage writes the page. What comes from models and file names goes through html.EscapeString; all else is ours.
func printPage(models []galleryModel) []byte {
	var b bytes.Buffer
	b.WriteString(pageHead)
	for _, m := range models {
		fmt.Fprintf(&b, "<h1>%s</h1>\n<p>", html.EscapeString(m.Model))
		for i, c := range m.Classes {
			fmt.Fprintf(&b, `<span class="key" style="background:%s"></span>%s`, m.Colors[i], html.EscapeString(c))
		}
		b.WriteString("</p>\n<table><tr><th>IoU in percent</th><th>frames</th><th>mIoU</th><th>present</th><th>accuracy</th>")
		for _, c := range m.Classes {
			fmt.Fprintf(&b, "<th>%s</th>", html.EscapeString(c))
		}
		b.WriteString("</tr>\n")
		for _, row := range m.Rows {
			b.WriteString("<tr>")
			for _, cell := range row {
				fmt.Fprintf(&b, "<td>%s</td>", html.EscapeString(cell))
			}
			b.WriteString("</tr>")
		}
		b.WriteString("</table>\n")
		printFrames(&b, "Worst frames", m.Worst)
		printFrames(&b, "Best frames", m.Best)
	}
	b.WriteString("</html>\n")
	return b.Bytes()
}

func printFrames(b *bytes.Buffer, title string, frames []galleryView) {
	fmt.Fprintf(b, "<h2>%s</h2><p>camera · labels · prediction</p>\n", title)
	for _, f := range frames {
		fmt.Fprintf(b, "<figure><figcaption><b>%.1f</b> %s %s —", f.MIoU, html.EscapeString(f.Source), html.EscapeString(f.Name))
		for _, c := range f.Classes {
			b.WriteString(" " + html.EscapeString(c))
		}
		fmt.Fprintf(b, "</figcaption>\n"+`<div class="row"><img alt="camera" src="%s"><img alt="labels" src="%s">`+
			`<img alt="prediction" src="%s"></div></figure>`+"\n", f.Color, f.Label, f.Predicts)
	}
}
