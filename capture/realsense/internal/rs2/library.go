//go:build realsense && (linux || darwin)

package rs2

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/ebitengine/purego"
)

// Oldest is the version of the library that is needed, and asked for, as the library writes versions: 2.50.0.
const Oldest = 25000

// ErrNoLibrary tells that librealsense2 is not on this machine, or does not open.
var ErrNoLibrary = errors.New("librealsense2 does not open")

// A Library is librealsense2 in this process.
type Library struct {
	api
	handle  uintptr
	name    string
	version int

	frames, changes uintptr // the two functions that the library calls

	mu       sync.Mutex
	next     uintptr
	onFrame  map[uintptr]func(Frame)
	onChange map[uintptr]func(removed, added DeviceList)
}

// A C library is opened once in a process and stays, and so do the functions that it calls, of which purego has a fixed
// number: what is open is therefore the process's, by name.
var opened struct {
	sync.Mutex
	libraries map[string]*Library
}

// Open opens the library. The name is that of its file; several, in the form of a search path, are opened one after the
// other, the library last, which then finds the symbols of those before it. Empty, it is $REALSENSE_LIB or, without that,
// the names that the library's packages use. An error that wraps ErrNoLibrary says what was tried.
func Open(name string) (*Library, error) {
	if name == "" {
		name = os.Getenv("REALSENSE_LIB")
	}
	opened.Lock()
	defer opened.Unlock()
	if l := opened.libraries[name]; l != nil {
		return l, nil
	}
	l, err := open(name)
	if err != nil {
		return nil, err
	}
	if opened.libraries == nil {
		opened.libraries = map[string]*Library{}
	}
	opened.libraries[name] = l
	return l, nil
}

func open(name string) (*Library, error) {
	file, handle, err := load(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoLibrary, err)
	}
	l := &Library{handle: handle, name: file, onFrame: map[uintptr]func(Frame){}, onChange: map[uintptr]func(removed, added DeviceList){}}
	if err := l.bind(handle); err != nil {
		return nil, fmt.Errorf("%w: %s is not librealsense2 2.50 or newer: %w", ErrNoLibrary, file, err)
	}
	var e uintptr
	l.version = int(l.GetAPIVersion(&e))
	if err := l.take(e); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoLibrary, file, err)
	}
	if l.version < Oldest {
		return nil, fmt.Errorf("%w: %s is version %s, want 2.50.0 or newer", ErrNoLibrary, file, l.Version())
	}
	l.frames = purego.NewCallback(l.frame)
	l.changes = purego.NewCallback(l.change)
	return l, nil
}

// load opens what name says, or the first of the usual names that opens.
func load(name string) (file string, handle uintptr, err error) {
	runtime.LockOSThread() // the loader keeps its words on what went wrong for the thread
	defer runtime.UnlockOSThread()
	if name != "" {
		for _, file = range filepath.SplitList(name) {
			if file == "" {
				continue
			}
			if handle, err = purego.Dlopen(file, purego.RTLD_LAZY|purego.RTLD_GLOBAL); err != nil {
				return "", 0, err
			}
		}
		if handle == 0 {
			return "", 0, fmt.Errorf("%q names no file", name)
		}
		return file, handle, nil
	}
	var first error
	for _, file := range usual() {
		if handle, err = purego.Dlopen(file, purego.RTLD_LAZY|purego.RTLD_GLOBAL); err == nil {
			return file, handle, nil
		}
		// The loader's words for a file that is there but does not open say what is wrong.
		if missing := strings.Contains(err.Error(), "o such file") || strings.Contains(err.Error(), "cannot open shared object"); first == nil && !missing {
			first = err
		}
	}
	if first == nil {
		first = fmt.Errorf("none of %s, … is in the loader's path", strings.Join(usual()[:2], ", "))
	}
	return "", 0, first
}

// usual are the names of the library's file: the developers' link, then each version's own.
func usual() []string {
	var names []string
	if runtime.GOOS == "darwin" {
		for _, dir := range []string{"", "/opt/homebrew/lib/", "/usr/local/lib/"} {
			names = append(names, dir+"librealsense2.dylib")
		}
		return names
	}
	names = append(names, "librealsense2.so")
	for minor := 79; minor >= Oldest%10000/100; minor-- {
		names = append(names, fmt.Sprintf("librealsense2.so.2.%d", minor))
	}
	return names
}

// Name is the file that was opened.
func (l *Library) Name() string { return l.name }

// Version is the library's, such as "2.59.1".
func (l *Library) Version() string {
	return fmt.Sprintf("%d.%d.%d", l.version/10000, l.version/100%100, l.version%100)
}
