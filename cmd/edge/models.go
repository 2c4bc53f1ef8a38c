package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/depthwise/depthwise/models"
)

type modelsCmd struct {
	JSON bool `help:"Print the models' cards as JSON, one a line."`
}

// Help is the text below the flags.
func (*modelsCmd) Help() string {
	return `
Examples:

    edge models
    edge models --json | jq .int8_miou
`
}

func (c *modelsCmd) Run(e *env) error {
	names := models.List()
	if len(names) == 0 {
		return fmt.Errorf("no model is inside this binary; edge run takes --model FILE.onnx")
	}
	t := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	if !c.JSON {
		fmt.Fprintln(t, "NAME\tCLASSES\tMIOU\tBYTES\tWHAT")
	}
	for _, name := range names {
		m, err := models.Open(name)
		if err != nil {
			return err
		}
		if c.JSON {
			var card map[string]any
			if err := json.Unmarshal(m.JSON, &card); err != nil {
				return err
			}
			card["bytes"] = len(m.ONNX)
			if err := json.NewEncoder(e.stdout).Encode(card); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%d\t%s\n", name, strings.Join(m.Card.Classes, ","), m.Card.Int8MIoU, len(m.ONNX), m.Card.Summary)
	}
	return t.Flush()
}
