package main

import (
	"log/slog"
)

// commands is the command line as kong reads it. Each command is a struct with its flags, a Help with examples, and a
// Run.
type commands struct {
	Quiet    bool       `short:"q" help:"Say nothing on stderr but errors."`
	LogLevel slog.Level `default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`

	Run        runCmd        `cmd:"" help:"Turn a source's frames into masks."`
	Record     recordCmd     `cmd:"" help:"Write a source's frames as a recording."`
	Eval       evalCmd       `cmd:"" help:"Measure a model against labels: mIoU, IoU per class, confusion."`
	Bench      benchCmd      `cmd:"" help:"Time a model beside this machine's measured limit."`
	Calibrate  calibrateCmd  `cmd:"" help:"Measure from a recording how the depth camera stands to the colour camera."`
	Inspect    inspectCmd    `cmd:"" help:"Show a model: metadata, graph after fusion, arena."`
	Infer      inferCmd      `cmd:"" help:"Run any model on .npy inputs, write its outputs as .npy."`
	Lookup     lookupCmd     `cmd:"" help:"Find frames that show the same place, by their codes."`
	Models     modelsCmd     `cmd:"" help:"List the models inside this binary."`
	Doctor     doctorCmd     `cmd:"" help:"Say what this machine can do, and what is missing."`
	Completion completionCmd `cmd:"" help:"Print a shell's completion script."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}
