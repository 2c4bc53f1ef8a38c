package mcap

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/png"
	"github.com/depthwise/depthwise/internal/disk"
	"github.com/klauspost/compress/zstd"
)

// WriterOptions of Create.
type WriterOptions struct {
	ChunkSize int           // bytes of records in a chunk; 0 = 4 MiB, with ShedFull a pair. A torn file loses its last chunk.
	Sync      time.Duration // how often what is written is forced onto the disk; 0 = every 5 s, below 0 = only by Close

	// ShedFull leaves chunks out for which there is no room on the disk, and goes on when there is; without, the first one
	// is the writer's error. ShedSlow leaves pairs out that come while Queue pairs wait; without, Write does the work itself.
	ShedFull, ShedSlow bool
	Queue              int // of ShedSlow; 0 = 8

	create func(path string) (file, error) // of tests; nil = a new os.File
}

// file is what the Writer needs of an *os.File.
type file interface {
	WriteAt(data []byte, at int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// Writer writes a recording. It belongs to one goroutine; Shed may be called from any.
type Writer struct {
	name string
	cal  capture.Calibration
	o    WriterOptions

	began  bool // of Write
	seq    uint64
	closed bool
	jobs   *queue // nil: Write does the work itself

	mu   sync.Mutex // guards err and shed
	err  error
	shed Shed

	// The rest is of whoever does the work.
	file file
	zstd *zstd.Encoder
	png  png.Encoder

	at      uint64 // end of the file
	records []byte // of the chunk to come
	packed  []byte
	indexes [channels + 1][]indexEntry
	start   uint64
	end     uint64
	message []byte

	chunks   []chunkIndex
	metadata []metadataIndex
	counts   [channels + 1]uint64
	first    uint64
	last     uint64
	clock    capture.Domain // that the file tells for the latest pair
	cameras  bool           // they were written, or wait for their chunk
	pairs    int            // that wait for their chunk
	synced   time.Time
}

// metadataIndex is where a metadata record lies.
type metadataIndex struct {
	at, length uint64
	name       string
}

// The channels, by their number in the file, and their schemas.
const (
	colorChannel = iota + 1
	depthChannel
	labelChannel
	colorCameraChannel
	depthCameraChannel
	transformChannel
	channels = transformChannel
)

var layout = [channels + 1]struct {
	topic  string
	schema uint16
}{
	colorChannel: {colorTopic, 1}, depthChannel: {depthTopic, 2}, labelChannel: {labelTopic, 2},
	colorCameraChannel: {"/camera/color/calibration", 3}, depthCameraChannel: {"/camera/depth/calibration", 3},
	transformChannel: {"/tf", 4},
}

// Create starts a recording in a new file; a file that is already there is an error.
func Create(name string, cal capture.Calibration, o WriterOptions) (*Writer, error) {
	fail := func(err error) (*Writer, error) {
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("mcap: create %q: %w", name, err)
	}
	var js bytes.Buffer
	if err := cal.Write(&js); err != nil {
		return fail(err)
	}
	if o.ChunkSize <= 0 {
		o.ChunkSize = 4 << 20
		if o.ShedFull {
			o.ChunkSize = 1
		}
	}
	if o.Sync == 0 {
		o.Sync = 5 * time.Second
	}
	w := &Writer{name: name, cal: cal, o: o, synced: time.Now()}
	w.o.ShedFull = false // a file without its head is none
	var err error
	if w.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
		return fail(err)
	}
	if o.create == nil {
		o.create = func(path string) (file, error) { return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666) }
	}
	if w.file, err = o.create(name); err != nil {
		return fail(err)
	}
	head := record([]byte(magic), opHeader, headerBody())
	all, err := w.describe()
	if err == nil {
		w.records = append(w.records, all...)
		w.put(head)
		w.describeBy(ours, calibrationKey, js.String())
		w.flush() // at once, so that a torn file has its channels
		err = w.err
	}
	if err != nil {
		w.file.Close()
		os.Remove(name)
		return fail(err)
	}
	w.o.ShedFull = o.ShedFull
	if o.ShedSlow {
		w.jobs = newQueue(o.Queue, w.write)
	}
	return w, nil
}

// describeBy writes a metadata record.
func (w *Writer) describeBy(name string, keysAndValues ...string) {
	out := record(nil, opMetadata, metadataBody(name, keysAndValues...))
	at := w.at
	if w.put(out); w.err == nil && w.at > at {
		w.metadata = append(w.metadata, metadataIndex{at, uint64(len(out)), name})
	}
}

// describe are the records of all schemas and channels.
func (w *Writer) describe() ([]byte, error) {
	var out []byte
	for i, of := range [][]string{{"CompressedImage"}, {"RawImage"}, {"CameraCalibration"}, {"FrameTransform", "Vector3", "Quaternion"}} {
		s, err := describe(of[0], of[1:]...)
		if err != nil {
			return nil, err
		}
		out = record(out, opSchema, s.body(uint16(i+1)))
	}
	for id := 1; id <= channels; id++ {
		out = record(out, opChannel, channelBody(uint16(id), layout[id].schema, layout[id].topic, "protobuf"))
	}
	return out, nil
}

// Write adds a pair. Sequence numbers must rise and stay below 2³². An error of the disk is told again by every later
// call; what was written before replays.
func (w *Writer) Write(p *capture.Pair) error {
	if w.closed {
		return fmt.Errorf("mcap: write %q: %w", w.name, fs.ErrClosed)
	}
	if err := w.failed(); err != nil {
		return err
	}
	if err := w.fits(p); err != nil {
		return fmt.Errorf("mcap: write %q: pair %d: %w", w.name, p.Seq, err)
	}
	w.began, w.seq = true, p.Seq
	if w.jobs == nil {
		w.write(p)
		return w.failed()
	}
	if !w.jobs.offer(p) {
		w.mu.Lock()
		w.shed.Slow++
		w.mu.Unlock()
	}
	return nil
}

// write does the work of Write.
func (w *Writer) write(p *capture.Pair) {
	if w.err != nil {
		return
	}
	if p.Clock != w.clock {
		w.flush() // the pairs before are of the old clock, should the file be torn here
		at := w.at
		if w.describeBy(clockMetadata, clockKey, string(p.Clock), seqKey, strconv.FormatUint(p.Seq, 10)); w.err != nil {
			return
		}
		if w.at > at {
			w.clock = p.Clock
		}
	}
	if !w.cameras {
		w.add(colorCameraChannel, p, p.ColorTime, putCamera(w.message[:0], p.ColorTime, w.cal.Color, colorFrame))
		w.add(depthCameraChannel, p, p.ColorTime, putCamera(w.message[:0], p.ColorTime, w.cal.Depth, depthFrame))
		w.add(transformChannel, p, p.ColorTime, putTransform(w.message[:0], p.ColorTime, w.cal.DepthToColor))
		w.cameras = true
	}
	file, err := w.png.RGB(p.Color.Pix, p.Color.Width, p.Color.Height)
	if err != nil {
		w.fail(fmt.Errorf("color: %w", err))
		return
	}
	w.add(colorChannel, p, p.ColorTime, putCompressed(w.message[:0], p.ColorTime, file, colorFrame))
	m := putRaw(w.message[:0], p.DepthTime, p.Depth.Width, p.Depth.Height, "16UC1", 2, depthFrame)
	for _, v := range p.Depth.Pix {
		m = append(m, byte(v), byte(v>>8))
	}
	w.add(depthChannel, p, p.DepthTime, m)
	if len(p.Labels.Pix) > 0 {
		m := putRaw(w.message[:0], p.ColorTime, p.Labels.Width, p.Labels.Height, "mono8", 1, colorFrame)
		w.add(labelChannel, p, p.ColorTime, append(m, p.Labels.Pix...))
	}
	w.pairs++
	late := w.o.Sync > 0 && time.Since(w.synced) >= w.o.Sync
	if late || len(w.records) >= w.o.ChunkSize {
		w.flush()
	}
	if late && w.err == nil {
		w.sync()
		w.synced = time.Now()
	}
}

// sync forces what is written onto the disk. That there is no room for it is told when it is closed, with ShedFull.
func (w *Writer) sync() {
	if err := w.file.Sync(); !w.o.ShedFull || !disk.Full(err) {
		w.fail(err)
	}
}

// fits compares a pair with the calibration and the format.
func (w *Writer) fits(p *capture.Pair) error {
	c, d, l := &p.Color, &p.Depth, &p.Labels
	switch {
	case w.began && p.Seq <= w.seq:
		return fmt.Errorf("comes after pair %d", w.seq)
	case p.Seq > math.MaxUint32:
		return errors.New("sequence numbers have 32 bits")
	case max(p.ColorTime, p.DepthTime) > maxSeconds*time.Second || min(p.ColorTime, p.DepthTime) < -maxSeconds*time.Second:
		return errors.New("time is out of range")
	case c.Width != w.cal.Color.Width || c.Height != w.cal.Color.Height:
		return fmt.Errorf("color is %d×%d, calibration says %d×%d", c.Width, c.Height, w.cal.Color.Width, w.cal.Color.Height)
	case d.Width != w.cal.Depth.Width || d.Height != w.cal.Depth.Height:
		return fmt.Errorf("depth is %d×%d, calibration says %d×%d", d.Width, d.Height, w.cal.Depth.Width, w.cal.Depth.Height)
	case len(c.Pix) != 3*c.Width*c.Height || len(d.Pix) != d.Width*d.Height:
		return errors.New("pixels do not fill the image")
	case len(l.Pix) > 0 && (l.Width != c.Width || l.Height != c.Height || len(l.Pix) != l.Width*l.Height):
		return fmt.Errorf("labels are %d×%d, color is %d×%d", l.Width, l.Height, c.Width, c.Height)
	}
	return nil
}

// add puts a message into the chunk to come, and takes its memory back.
func (w *Writer) add(id int, p *capture.Pair, t time.Duration, data []byte) {
	w.message = data[:0]
	logged := uint64(max(t, 0)) // the format has no time before its epoch
	w.indexes[id] = append(w.indexes[id], indexEntry{logged, uint64(len(w.records))})
	if w.total() == 1 {
		w.start, w.end = logged, logged
	}
	w.start, w.end = min(w.start, logged), max(w.end, logged)
	w.records = le.AppendUint64(append(w.records, opMessage), uint64(messageHead+len(data)))
	w.records = le.AppendUint32(le.AppendUint16(w.records, uint16(id)), uint32(p.Seq))
	w.records = le.AppendUint64(le.AppendUint64(w.records, logged), logged)
	w.records = append(w.records, data...)
}

// total is how many messages wait for their chunk.
func (w *Writer) total() (n int) {
	for _, ix := range w.indexes {
		n += len(ix)
	}
	return n
}

// flush writes the chunk and its indexes.
func (w *Writer) flush() {
	if len(w.records) == 0 || w.err != nil {
		return
	}
	w.packed = w.zstd.EncodeAll(w.records, w.packed[:0])
	c := chunkIndex{start: w.start, end: w.end, offset: w.at, packed: uint64(len(w.packed)), size: uint64(len(w.records)), indexes: map[uint16]uint64{}}
	out := record(nil, opChunk, chunkBody(w.start, w.end, w.records, w.packed))
	c.length = uint64(len(out))
	var counts [channels + 1]uint64
	for id := range w.indexes {
		counts[id] = uint64(len(w.indexes[id]))
		if len(w.indexes[id]) > 0 {
			c.indexes[uint16(id)] = w.at + uint64(len(out))
			out = record(out, opMessageIndex, messageIndexBody(uint16(id), w.indexes[id]))
			w.indexes[id] = w.indexes[id][:0]
		}
	}
	c.indexLength = uint64(len(out)) - c.length
	at := w.at
	w.put(out)
	w.records = w.records[:0]
	w.start, w.end = 0, 0
	switch pairs := w.pairs; {
	case w.err != nil:
	case w.at == at: // it found no room
		w.cameras = w.cameras && c.indexes[colorCameraChannel] == 0
		w.mu.Lock()
		w.shed.Full += pairs
		w.mu.Unlock()
		w.pairs = 0
	default:
		for id, n := range counts {
			w.counts[id] += n
		}
		if len(w.chunks) == 0 {
			w.first, w.last = c.start, c.end
		}
		w.first, w.last = min(w.first, c.start), max(w.last, c.end)
		w.chunks = append(w.chunks, c)
		w.pairs = 0
	}
}

// put appends to the file, all or nothing where the disk allows. With ShedFull what finds no room leaves the file as it was.
func (w *Writer) put(data []byte) {
	_, err := w.file.WriteAt(data, int64(w.at))
	if err == nil {
		w.at += uint64(len(data))
		return
	}
	if back := w.file.Truncate(int64(w.at)); back == nil && w.o.ShedFull && w.at > 0 && disk.Full(err) {
		return
	}
	w.fail(err)
}

// fail keeps the first error.
func (w *Writer) fail(err error) {
	if err == nil || w.err != nil {
		return
	}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = fmt.Errorf("mcap: write %q: %w", w.name, err)
}

func (w *Writer) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Close writes the rest and the summary, forces all onto the disk and tells the first error. Closing twice is harmless.
func (w *Writer) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	if w.jobs != nil {
		w.jobs.end()
	}
	w.flush()
	if w.err == nil {
		at := w.at
		w.summary()
		w.mu.Lock()
		w.shed.NoEnd = w.err == nil && w.at == at
		w.mu.Unlock()
	}
	if w.err == nil {
		w.fail(w.file.Sync())
	}
	w.fail(w.file.Close())
	w.zstd.Close()
	return w.err
}

// summary repeats schemas and channels and says where all chunks lie, so that others need not scan.
func (w *Writer) summary() {
	out := record(nil, opDataEnd, make([]byte, 4)) // no checksum of the data: each chunk has its own
	start := w.at + uint64(len(out))
	var offsets []byte
	group := func(op byte, records []byte) {
		if len(records) > 0 {
			body := le.AppendUint64([]byte{op}, w.at+uint64(len(out)))
			offsets = record(offsets, opSummaryOffset, le.AppendUint64(body, uint64(len(records))))
			out = append(out, records...)
		}
	}
	all, err := w.describe()
	if err != nil {
		w.fail(err)
		return
	}
	cut := 0
	for all[cut] == opSchema {
		cut += recordHead + int(le.Uint64(all[cut+1:]))
	}
	group(opSchema, all[:cut])
	group(opChannel, all[cut:])
	group(opStatistics, record(nil, opStatistics, w.statistics()))
	var chunks []byte
	for i := range w.chunks {
		chunks = record(chunks, opChunkIndex, w.chunks[i].body())
	}
	group(opChunkIndex, chunks)
	var metadata []byte
	for _, m := range w.metadata {
		metadata = record(metadata, opMetadataIndex, putText(le.AppendUint64(le.AppendUint64(nil, m.at), m.length), m.name))
	}
	group(opMetadataIndex, metadata)
	offset := w.at + uint64(len(out))
	out = append(out, offsets...)
	foot := le.AppendUint64(le.AppendUint64(nil, start), offset)
	out = record(out, opFooter, append(foot, 0, 0, 0, 0))
	w.put(append(out, magic...))
}

func (w *Writer) statistics() []byte {
	counts, total := map[uint16]uint64{}, uint64(0)
	for id := range w.counts {
		if n := w.counts[id]; n > 0 {
			counts[uint16(id)] = n
			total += n
		}
	}
	b := le.AppendUint16(le.AppendUint64(nil, total), 4)
	b = le.AppendUint32(le.AppendUint32(b, channels), 0)
	b = le.AppendUint32(le.AppendUint32(b, uint32(len(w.metadata))), uint32(len(w.chunks)))
	b = le.AppendUint64(le.AppendUint64(b, w.first), w.last)
	return putCounts(b, counts)
}
