// Package score measures class maps against labels: a confusion matrix, and from it IoU per class, their mean and the
// pixel accuracy.
//
//	c := score.New(3)
//	err := c.Add(labels, classes, score.Ignore(255)) // once a frame
//	iou, ok := c.IoU(1)
//
// IoU of a class is intersection over union of labelled and predicted pixels, as in the PASCAL VOC segmentation
// challenge (M. Everingham et al., IJCV 2015, section 4.2): sums over all frames first, one division at the end.
package score
