package score

import "fmt"

// Confusion counts pixels by label and prediction.
type Confusion struct {
	classes int
	cells   []uint64 // label·(classes+1) + prediction; the last column holds predictions that are no class
	joint   []uint32 // of one frame: label·256 + prediction
}

// New counts the given number of classes, 1 to 256.
func New(classes int) *Confusion {
	if classes < 1 || classes > 256 {
		panic(fmt.Sprintf("score: %d classes", classes))
	}
	return &Confusion{classes: classes, cells: make([]uint64, classes*(classes+1)), joint: make([]uint32, 1<<16)}
}

// Ignored tells for each label whether its pixels count for nothing.
type Ignored [256]bool

// Ignore makes the set of the given labels.
func Ignore(labels ...uint8) *Ignored {
	var set Ignored
	for _, l := range labels {
		set[l] = true
	}
	return &set
}

// LabelError is a label that is neither a class nor ignored.
type LabelError struct {
	Label   uint8
	Classes int
	Pixels  uint32
}

func (e *LabelError) Error() string {
	return fmt.Sprintf("label %d on %d pixels is neither one of %d classes nor void", e.Label, e.Pixels, e.Classes)
}

// Add counts one frame: labels and predictions of the same pixels. Nothing is counted when a label is wrong.
func (c *Confusion) Add(labels, predictions []uint8, ignore *Ignored) error {
	if len(labels) != len(predictions) {
		return fmt.Errorf("%d labels for %d pixels", len(labels), len(predictions))
	}
	clear(c.joint)
	for i, l := range labels {
		c.joint[int(l)<<8|int(predictions[i])]++
	}
	for label := c.classes; label < 256; label++ {
		var n uint32
		for _, k := range c.joint[label<<8 : label<<8+256] {
			n += k
		}
		if n > 0 && !ignore[label] {
			return &LabelError{uint8(label), c.classes, n}
		}
	}
	for label := range c.classes {
		if ignore[label] {
			continue
		}
		row := c.cells[label*(c.classes+1) : (label+1)*(c.classes+1)]
		for p, n := range c.joint[label<<8 : label<<8+256] {
			row[min(p, c.classes)] += uint64(n)
		}
	}
	return nil
}

// Merge adds the counts of o, which has the same number of classes.
func (c *Confusion) Merge(o *Confusion) {
	for i, n := range o.cells {
		c.cells[i] += n
	}
}

// Reset forgets all counts.
func (c *Confusion) Reset() { clear(c.cells) }

// Matrix is the counts: a row for each label, a column for each prediction and a last one for predictions that are no
// class.
func (c *Confusion) Matrix() [][]uint64 {
	rows := make([][]uint64, c.classes)
	for i := range rows {
		rows[i] = append([]uint64(nil), c.cells[i*(c.classes+1):(i+1)*(c.classes+1)]...)
	}
	return rows
}

// sums gives a class's intersection, its labelled and its predicted pixels.
func (c *Confusion) sums(class int) (both, labelled, predicted uint64) {
	for i := range c.classes {
		predicted += c.cells[i*(c.classes+1)+class]
	}
	for _, n := range c.cells[class*(c.classes+1) : (class+1)*(c.classes+1)] {
		labelled += n
	}
	return c.cells[class*(c.classes+1)+class], labelled, predicted
}

// IoU is a class's intersection over union, 0 to 1. ok is false when no pixel has the class by label or prediction.
func (c *Confusion) IoU(class int) (iou float64, ok bool) {
	both, labelled, predicted := c.sums(class)
	union := labelled + predicted - both
	if union == 0 {
		return 0, false
	}
	return float64(both) / float64(union), true
}

// Means are the mean of IoU over all classes that any pixel has by label or prediction, and over those that occur in
// the labels. Each is 0 when there are none.
func (c *Confusion) Means() (all, present float64) {
	var nAll, nPresent int
	for class := range c.classes {
		iou, ok := c.IoU(class)
		if !ok {
			continue
		}
		all += iou
		nAll++
		if _, labelled, _ := c.sums(class); labelled > 0 {
			present += iou
			nPresent++
		}
	}
	return all / float64(max(nAll, 1)), present / float64(max(nPresent, 1))
}

// Pixels is how many pixels were counted, and how many of them were right.
func (c *Confusion) Pixels() (all, right uint64) {
	for class := range c.classes {
		both, labelled, _ := c.sums(class)
		all += labelled
		right += both
	}
	return all, right
}

// Accuracy is the share of right pixels, 0 of none.
func (c *Confusion) Accuracy() float64 {
	all, right := c.Pixels()
	return float64(right) / float64(max(all, 1))
}
