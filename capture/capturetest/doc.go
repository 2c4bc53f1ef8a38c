// Package capturetest tests sources of frames and what depends on them.
//
// [Conform] is one suite that every [capture.Source] passes: it holds a source to the words of the interface's
// documentation, case by case, and each failure says which promise was broken and whom that would hurt. [Fake] is a
// source in memory. [Inject] wraps any source and makes it fail in the ways in which cameras, cables and disks do, at
// chosen calls or drawn from a seed, and counts what it did.
//
//	func TestConform(t *testing.T) {
//		capturetest.Conform(t, func(t testing.TB) capture.Source {
//			src, err := replay.Open("testdata/desk", replay.Options{})
//			if err != nil {
//				t.Fatal(err)
//			}
//			return src
//		}, capturetest.Options{Pairs: 5})
//	}
//
// The suite's form follows testing/slogtest.
package capturetest
