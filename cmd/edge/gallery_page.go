package main

import (
	"fmt"
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

// pageTemplate escapes what comes from models and file names by the function html; all else is ours.
const pageTemplate = `<!doctype html>
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
{{range .}}
<h1>{{html .Model}}</h1>
<p>{{$m := .}}{{range $i, $c := .Classes}}<span class="key" style="background:{{index $m.Colors $i}}"></span>{{html $c}}{{end}}</p>
<table><tr><th>IoU in percent</th><th>frames</th><th>mIoU</th><th>present</th><th>accuracy</th>{{range .Classes}}<th>{{html .}}</th>{{end}}</tr>
{{range .Rows}}<tr>{{range .}}<td>{{html .}}</td>{{end}}</tr>{{end}}</table>
<h2>Worst frames</h2>{{template "frames" .Worst}}
<h2>Best frames</h2>{{template "frames" .Best}}
{{end}}
</html>
{{define "frames"}}<p>camera · labels · prediction</p>
{{range .}}<figure><figcaption><b>{{printf "%.1f" .MIoU}}</b> {{html .Source}} {{html .Name}} —{{range .Classes}} {{html .}}{{end}}</figcaption>
<div class="row"><img alt="camera" src="{{.Color}}"><img alt="labels" src="{{.Label}}"><img alt="prediction" src="{{.Predicts}}"></div></figure>
{{end}}{{end}}
`
