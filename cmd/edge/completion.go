package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/depthwise/depthwise/models"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is the text below the flags.
func (*completionCmd) Help() string {
	return `
Prints a script that makes the shell complete commands, flags and their values.

Examples:

    source <(edge completion bash)                               # now, or in ~/.bashrc
    edge completion zsh > "${fpath[1]}/_edge"
    edge completion fish > ~/.config/fish/completions/edge.fish
`
}

func (c *completionCmd) Run(e *env) error {
	var b strings.Builder
	commands := e.kong.Model.Children
	switch c.Shell {
	case "bash":
		completeBash(&b, commands, e.kong.Model.Flags)
	case "zsh":
		completeZsh(&b, commands, e.kong.Model.Flags)
	case "fish":
		completeFish(&b, commands, e.kong.Model.Flags)
	}
	_, err := io.WriteString(e.stdout, b.String())
	return err
}

// choices are the values that a flag or argument can have, if they can be listed.
func choices(v *kong.Value) []string {
	if v.Enum != "" {
		return v.EnumSlice()
	}
	switch v.Name {
	case "format":
		return formatNames()
	case "model":
		return models.List()
	case "source", "sources":
		return []string{"synth:"}
	case "log-level":
		return []string{"debug", "info", "warn", "error"}
	}
	return nil
}

func commandFlags(command *kong.Node, global []*kong.Flag) []*kong.Flag {
	return append(append([]*kong.Flag{}, command.Flags...), global...)
}

func completeBash(w io.Writer, commands []*kong.Node, global []*kong.Flag) {
	var names []string
	for _, c := range commands {
		names = append(names, c.Name)
	}
	fmt.Fprintf(w, `# bash completion of edge
_edge() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} flags= values=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W %q -- "$cur"))
        return
    fi
    case ${COMP_WORDS[1]} in
`, strings.Join(append(names, "--help"), " "))
	for _, c := range commands {
		var flags, values []string
		cases := ""
		for _, f := range commandFlags(c, global) {
			flags = append(flags, "--"+f.Name)
			if v := choices(f.Value); len(v) > 0 {
				cases += fmt.Sprintf("            --%s) COMPREPLY=($(compgen -W %q -- \"$cur\")); return ;;\n", f.Name, strings.Join(v, " "))
			}
		}
		for _, a := range c.Positional {
			values = append(values, choices(a)...)
		}
		fmt.Fprintf(w, "    %s)\n        flags=%q values=%q\n", c.Name, strings.Join(flags, " "), strings.Join(values, " "))
		if cases != "" {
			fmt.Fprintf(w, "        case $prev in\n%s        esac\n", cases)
		}
		fmt.Fprintln(w, "        ;;")
	}
	fmt.Fprint(w, `    esac
    case $cur in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$values" -- "$cur") $(compgen -f -- "$cur")) ;;
    esac
}
complete -o filenames -F _edge edge
`)
}

func completeZsh(w io.Writer, commands []*kong.Node, global []*kong.Flag) {
	quote := strings.NewReplacer("'", "'\\''", "[", "(", "]", ")", ":", "\\:").Replace
	fmt.Fprint(w, "#compdef edge\n_edge() {\n    local -a commands=(\n")
	for _, c := range commands {
		fmt.Fprintf(w, "        '%s:%s'\n", c.Name, quote(c.Help))
	}
	fmt.Fprint(w, "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"+
		"    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $command in\n")
	for _, c := range commands {
		fmt.Fprintf(w, "    %s)\n        _arguments", c.Name)
		for _, f := range commandFlags(c, global) {
			fmt.Fprintf(w, " \\\n            '--%s[%s]%s'", f.Name, quote(f.Help), zshValue(f))
		}
		for _, a := range c.Positional {
			if v := choices(a); len(v) > 0 {
				fmt.Fprintf(w, " \\\n            '*:%s:{ compadd -S \"\" -- %s; _files }'", a.Name, strings.Join(v, " "))
			} else {
				fmt.Fprintf(w, " \\\n            '*:%s:_files'", a.Name)
			}
		}
		fmt.Fprintln(w, "\n        ;;")
	}
	fmt.Fprint(w, "    esac\n}\nif [ \"$funcstack[1]\" = _edge ]; then _edge \"$@\"; else compdef _edge edge; fi\n")
}

func zshValue(f *kong.Flag) string {
	switch v := choices(f.Value); {
	case f.IsBool():
		return ""
	case len(v) > 0:
		return ":" + f.Name + ":(" + strings.Join(v, " ") + ")"
	}
	return ":" + f.Name + ":_files"
}

func completeFish(w io.Writer, commands []*kong.Node, global []*kong.Flag) {
	quote := strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace
	fmt.Fprintln(w, "# fish completion of edge")
	for _, c := range commands {
		fmt.Fprintf(w, "complete -c edge -n __fish_use_subcommand -f -a %s -d '%s'\n", c.Name, quote(c.Help))
	}
	for _, c := range commands {
		on := fmt.Sprintf("complete -c edge -n '__fish_seen_subcommand_from %s'", c.Name)
		for _, f := range commandFlags(c, global) {
			fmt.Fprintf(w, "%s -l %s", on, f.Name)
			if f.Short != 0 {
				fmt.Fprintf(w, " -s %c", f.Short)
			}
			if v := choices(f.Value); len(v) > 0 {
				fmt.Fprintf(w, " -x -a '%s'", strings.Join(v, " "))
			} else if !f.IsBool() {
				fmt.Fprint(w, " -r")
			}
			fmt.Fprintf(w, " -d '%s'\n", quote(f.Help))
		}
		for _, a := range c.Positional {
			if v := choices(a); len(v) > 0 {
				fmt.Fprintf(w, "%s -a '%s'\n", on, strings.Join(v, " "))
			}
		}
	}
}
