package main

import (
	"log/slog"
)

// commands is the command line as kong reads it. Each command is a struct with its flags, a Help with examples, and a
// Run.
type commands struct {
	Quiet    bool       `short:"q" help:"Say nothing on stderr but errors."`
	LogLevel slog.Level `default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`

	Record  recordCmd  `cmd:"" help:"Write a source's frames as a recording."`
	Version versionCmd `cmd:"" help:"Print the version."`
}
