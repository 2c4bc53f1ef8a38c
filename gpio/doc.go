// Package gpio drives and reads single lines of a board beside the frames: a trigger pulse to the cameras, a sync edge that
// asks for a frame, a status light, and alarm lines that tell when a class covers too much of a region.
//
// Its one idea is that a line says something only while frames advance. Every output has a safe level, which it has from
// the moment it is opened, and to which it falls when the run stops, when a stage crashes and when no mask came for too
// long; it leaves that level again only with a fresh mask.
//
//	spec, err := gpio.ParseAlarm("object:0.2@0.25,0.25,0.5,0.5=GPIO17,hold=2s")
//	panel := gpio.NewPanel(gpio.PanelOptions{})
//	defer panel.Close()
//	err = panel.AddAlarm(spec, classID, gpioreg.ByName(spec.Line.Name))
//	…
//	err = panel.See(m.Classes, m.Width, m.Height, true) // for each mask
//
// Lines are periph.io/x/conn/v3's, found by name; the drivers of a board are for whoever opens them. Waits for edges are
// short ones of a tenth of a second each: in periph's host drivers (v3.8.5) the infinite wait, −1, does not wait, and 0
// waits for ever.
//
// Limits. This is no safety system: a process that is killed, a kernel that hangs and a board without power leave lines as
// their hardware leaves them. docs/gpio.md says how to wire for that.
package gpio
