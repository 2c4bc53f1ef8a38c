//go:build realsense && (linux || darwin)

package rs2

import "fmt"

// Kind is what the library calls an exception type.
type Kind int32

const (
	Unknown Kind = iota
	Disconnected
	Backend // the operating system or the USB stack
	InvalidValue
	WrongSequence
	NotImplemented
	RecoveryMode
	IO
)

// An Error is what a function of the library told.
type Error struct {
	Kind     Kind
	Function string // such as "rs2_open_multiple"
	Message  string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Function, e.Message) }

// take turns the library's error into ours, and frees it.
func (l *Library) take(e uintptr) error {
	if e == 0 {
		return nil
	}
	defer l.FreeError(e)
	return &Error{Kind(l.GetExceptionType(e)), l.GetFailedFunction(e), l.GetErrorMessage(e)}
}
