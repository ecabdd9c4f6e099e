package translog

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"unseal/proof"
	"unseal/trove"
)

// ErrIllegal says that an entry contradicts what the log said before it: the
// log is not one that an honest publisher writes.
var ErrIllegal = errors.New("illegal entry")

// State is what the log says, replayed entry by entry. Reading it is safe for
// concurrent use once no Apply runs. It takes about 48 bytes a number.
type State struct {
	Size          int64
	Genesis       Genesis
	ID            trove.Digest // leaf hash of the genesis entry, by which signed entries name the log
	LogKeys       []LogKey     // every one there was, in order
	ReleaseKeys   []string     // in force
	ReleaseQuorum int          // how many of them must sign
	Notices       []LoggedNotice
	Index         map[string]trove.Digest // of the newest Index entry; nil before the first
	Indexed       bool                    // the newest entry is an Index

	indexed int64 // which entry the newest Index is; 0 before the first
	numbers int   // committed to, of all collections
	slots   int   // that memory was taken for
	colls   map[trove.CollectionName]*Collection
	order   []*Collection // in order of their first commitment
}

// Collection is what the log says of one collection.
type Collection struct {
	Name        trove.CollectionName
	Count       int // numbers committed to: 1 to Count
	Commitments []LoggedCommitment
	Batches     []LoggedBatch // every edition, in log order

	chunks  [][]slot // of chunkSize numbers each, nil while none of them is out or withheld
	reasons []string // what slot.reason counts from 1
	batches map[int]*contents
}

// contents is what the log says of one batch.
type contents struct {
	edition int   // the newest
	live    int   // numbers that are out in it, with those of the next edition
	closed  int64 // index of the entry of the newest edition; 0 before the first
	open    bool  // it has item or tombstone entries since
}

// LoggedCommitment is a commitment and where it stands.
type LoggedCommitment struct {
	proof.Commitment
	Index int64
}

// LoggedBatch is a batch edition and where it stands.
type LoggedBatch struct {
	Batch
	Index int64
}

// LoggedNotice is a notice and where it stands.
type LoggedNotice struct {
	Notice
	Index int64
}

// Status is what the log says of one number.
type Status struct {
	State        trove.State  // Committed, Published, Withheld, Unreadable or Tombstone
	Batch        int          // where it lies, or lay
	BatchEdition int          // the newest of that batch, 0 before the first
	Edition      int          // the newest
	Shown        trove.Digest // salted, of what it shows; see proof.Item
	Index        int64        // of its entry in the log
	Reason       string       // of Withheld and Tombstone
}

// slot is a Status in 48 bytes.
type slot struct {
	sum          trove.Digest
	index, batch uint32
	edition      uint16
	reason       uint16
	state        uint8
}

// The states of a slot. The zero value is "not yet out".
const (
	notOut = iota
	published
	withheld
	tombstone
)

// MaxSize is how many entries a log has at most.
const MaxSize = math.MaxUint32

// The bounds of a log that this version reads. A hostile log cannot make us
// take more memory than a count of real items would.
const (
	maxNumbers  = 1 << 24 // of one collection
	maxAll      = 1 << 26 // of all
	maxSlots    = 1 << 22 // in chunks that are not empty: 200 MB
	maxEach     = 16      // slots for each entry, beyond these
	maxWithheld = 100_000 // of one entry
	chunkSize   = 4096
	maxReasons  = 256
	unreadable  = "unreadable"
)

// Apply replays the next entry. A refused entry, whose error says why, leaves
// the state as it was; the log cannot be followed beyond it.
func (s *State) Apply(line []byte) error {
	e, err := Parse(line)
	if err == nil && (s.Size == 0) != isGenesis(e) {
		err = errors.New("a log begins with its only genesis entry")
	}
	if err == nil && s.Size >= MaxSize {
		err = errors.New("the log is longer than this version reads")
	}
	if err == nil {
		err = s.apply(e)
	}
	if err != nil {
		return fmt.Errorf("entry %d: %w: %w", s.Size, ErrIllegal, err)
	}
	_, s.Indexed = e.(Index)
	s.Size++
	return nil
}

func isGenesis(e Entry) bool { _, ok := e.(Genesis); return ok }

func (s *State) apply(e Entry) error {
	switch e := e.(type) {
	case proof.Item:
		return s.item(e)
	case Batch:
		return s.batch(e)
	case Withheld:
		return s.withhold(e)
	case Tombstone:
		return s.tombstone(e)
	case proof.Commitment:
		return s.commit(e)
	case Index:
		if err := e.check(); err != nil {
			return err
		}
		s.Index, s.indexed = e.Files, s.Size
	case Key:
		return s.key(e)
	case Notice:
		return s.notice(e)
	case Genesis:
		return s.begin(e)
	}
	return nil
}

// Collections lists the collections that the log names, in order of their
// first commitment.
func (s *State) Collections() []*Collection { return s.order }

// Collection is the one of that name, or nil.
func (s *State) Collection(name trove.CollectionName) *Collection { return s.colls[name] }

// Open reports the batches of which the log has item or tombstone entries, and
// no edition since. At a checkpoint there must be none.
func (s *State) Open() (open []trove.Name) {
	for _, c := range s.order {
		for b, in := range c.batches {
			if in.open {
				open = append(open, trove.Name{Collection: c.Name, Batch: b})
			}
		}
	}
	return open
}

func (s *State) commit(e proof.Commitment) error {
	c := s.colls[e.Collection]
	if c == nil {
		c = &Collection{Name: e.Collection, batches: map[int]*contents{}}
	}
	var previous trove.Digest
	if n := len(c.Commitments); n > 0 {
		previous = c.Commitments[n-1].Root
	}
	switch {
	case e.K != len(c.Commitments)+1 || e.Previous != previous:
		return fmt.Errorf("commitment %d of %s does not follow on commitment %d", e.K, e.Collection, len(c.Commitments))
	case e.First != c.Count+1:
		return fmt.Errorf("commitment %d of %s begins with number %d, not %d", e.K, e.Collection, e.First, c.Count+1)
	case e.Count > maxNumbers-c.Count:
		return fmt.Errorf("collection %s has more than %d numbers", e.Collection, maxNumbers)
	case e.Count > maxAll-s.numbers:
		return fmt.Errorf("more than %d numbers in all collections", maxAll)
	case e.Rule == "":
		return fmt.Errorf("commitment of %s without a segmentation rule", e.Collection)
	}
	if c.Count == 0 {
		if s.colls == nil {
			s.colls = map[trove.CollectionName]*Collection{}
		}
		s.colls[c.Name] = c
		s.order = append(s.order, c)
	}
	c.Count += e.Count
	s.numbers += e.Count
	c.Commitments = append(c.Commitments, LoggedCommitment{e, s.Size})
	c.chunks = append(c.chunks, make([][]slot, (c.Count+chunkSize-1)/chunkSize-len(c.chunks))...)
	return nil
}

// numbered finds the collection that must have the numbers first to last.
func (s *State) numbered(name trove.CollectionName, first, last int) (*Collection, error) {
	c := s.colls[name]
	if c == nil {
		return nil, fmt.Errorf("collection %q is not committed to", name)
	}
	if first < 1 || last < first || last > c.Count {
		return nil, fmt.Errorf("numbers %d to %d of %s are not among the %d committed to", first, last, name, c.Count)
	}
	return c, nil
}

func (s *State) item(e proof.Item) error {
	c, err := s.numbered(e.Collection, e.Number, e.Number)
	if err != nil {
		return err
	}
	old := c.look(e.Number)
	switch {
	case c.Commitment(e.Number).Index >= s.indexed: // a checkpoint must cover the one without the other
		return fmt.Errorf("%s/%d comes out with no index entry since it was committed to", e.Collection, e.Number)
	case old.state == tombstone:
		return fmt.Errorf("%s/%d is withdrawn for good", e.Collection, e.Number)
	case e.Edition != int(old.edition)+1:
		return fmt.Errorf("%s/%d: edition %d in batch %d after edition %d in batch %d",
			e.Collection, e.Number, e.Edition, e.Batch, old.edition, old.batch)
	case old.edition > 0 && e.Batch != int(old.batch):
		return fmt.Errorf("%s/%d is in batch %d and stays there, not in batch %d", e.Collection, e.Number, old.batch, e.Batch)
	case c.inOpen(old):
		return fmt.Errorf("%s/%d: edition %d while batch %d, with the edition before, is open", e.Collection, e.Number, e.Edition, old.batch)
	case e.Edition > math.MaxUint16:
		return fmt.Errorf("%s/%d: more editions than this version reads", e.Collection, e.Number)
	}
	if err := s.reserve(c, e.Number, e.Number); err != nil {
		return err
	}
	*c.slot(e.Number) = slot{
		sum: e.Shown, index: uint32(s.Size), batch: uint32(e.Batch), edition: uint16(e.Edition), state: published,
	}
	in := c.batches[e.Batch]
	if in == nil {
		in = &contents{}
		c.batches[e.Batch] = in
	}
	if in.open = true; e.Edition == 1 {
		in.live++
	}
	return nil
}

func (s *State) batch(e Batch) error {
	c := s.colls[e.Collection]
	if c == nil {
		return fmt.Errorf("collection %q is not committed to", e.Collection)
	}
	var in contents
	if known := c.batches[e.Batch]; known != nil {
		in = *known
	}
	switch {
	case e.Batch < 1 || e.Batch > math.MaxInt32:
		return fmt.Errorf("batch %d", e.Batch)
	case e.Edition != in.edition+1:
		return fmt.Errorf("batch %d of %s: edition %d after edition %d", e.Batch, e.Collection, e.Edition, in.edition)
	case e.Items != in.live:
		return fmt.Errorf("batch %d of %s states %d items, by the log %d are out", e.Batch, e.Collection, e.Items, in.live)
	}
	if err := s.released(e); err != nil {
		return fmt.Errorf("batch %d of %s: %w", e.Batch, e.Collection, err)
	}
	c.batches[e.Batch] = &contents{edition: e.Edition, live: in.live, closed: s.Size}
	c.Batches = append(c.Batches, LoggedBatch{e, s.Size})
	return nil
}

func (s *State) withhold(e Withheld) error {
	if err := checkReason(e.Reason); err != nil {
		return err
	}
	c, err := s.numbered(e.Collection, e.First, e.Last)
	if err != nil {
		return err
	}
	if e.Last-e.First >= maxWithheld {
		return fmt.Errorf("more than %d numbers in one entry", maxWithheld)
	}
	for n := e.First; n <= e.Last; n++ {
		switch old := c.look(n); {
		case old.state == published || old.state == tombstone:
			return fmt.Errorf("%s/%d is out and cannot be withheld", e.Collection, n)
		case old.state == withheld && c.reasons[old.reason-1] == e.Reason:
			return fmt.Errorf("%s/%d is withheld for this reason already", e.Collection, n)
		}
	}
	if err := s.reserve(c, e.First, e.Last); err != nil {
		return err
	}
	reason, err := c.reason(e.Reason)
	if err != nil {
		return err
	}
	for n := e.First; n <= e.Last; n++ {
		*c.slot(n) = slot{index: uint32(s.Size), reason: reason, state: withheld}
	}
	return nil
}

func (s *State) tombstone(e Tombstone) error {
	if err := checkReason(e.Reason); err != nil {
		return err
	}
	c, err := s.numbered(e.Collection, e.Number, e.Number)
	if err != nil {
		return err
	}
	old := c.look(e.Number)
	if old.state != published || c.inOpen(old) {
		return fmt.Errorf("%s/%d is not out and has no tombstone", e.Collection, e.Number)
	}
	reason, err := c.reason(e.Reason)
	if err != nil {
		return err
	}
	to := c.slot(e.Number)
	to.state, to.reason, to.index = tombstone, reason, uint32(s.Size)
	in := c.batches[int(old.batch)]
	in.live--
	in.open = true
	return nil
}

// inOpen reports whether no edition of its batch has followed on the entry of s.
func (c *Collection) inOpen(s slot) bool {
	return s.batch > 0 && int64(s.index) > c.batches[int(s.batch)].closed
}

// Edition is the newest edition of a batch, 0 for one that is not in the log.
func (c *Collection) Edition(batch int) int {
	if in := c.batches[batch]; in != nil {
		return in.edition
	}
	return 0
}

// reason finds or adds a code.
func (c *Collection) reason(code string) (uint16, error) {
	for i, r := range c.reasons {
		if r == code {
			return uint16(i + 1), nil
		}
	}
	if len(c.reasons) == maxReasons {
		return 0, fmt.Errorf("more than %d reasons", maxReasons)
	}
	c.reasons = append(c.reasons, code)
	return uint16(len(c.reasons)), nil
}

func (c *Collection) look(n int) slot {
	chunk := c.chunks[(n-1)/chunkSize]
	if chunk == nil {
		return slot{}
	}
	return chunk[(n-1)%chunkSize]
}

// reserve takes the memory for slots of numbers, or refuses: numbers far apart,
// and ranges of them, cost a log few bytes each.
func (s *State) reserve(c *Collection, first, last int) error {
	for i := (first - 1) / chunkSize; i <= (last-1)/chunkSize; i++ {
		if c.chunks[i] != nil {
			continue
		}
		if int64(s.slots) > maxSlots-chunkSize+maxEach*s.Size {
			return fmt.Errorf("%s/%d: too much memory for a log of %d entries", c.Name, last, s.Size)
		}
		c.chunks[i] = make([]slot, chunkSize)
		s.slots += chunkSize
	}
	return nil
}

// slot is the place of number n, which is reserved, for writing.
func (c *Collection) slot(n int) *slot { return &c.chunks[(n-1)/chunkSize][(n-1)%chunkSize] }

// Number is what the log says of number n; false if it is not committed to.
func (c *Collection) Number(n int) (Status, bool) {
	if n < 1 || n > c.Count {
		return Status{}, false
	}
	s := c.look(n)
	st := Status{
		State: trove.Committed, Batch: int(s.batch), BatchEdition: c.Edition(int(s.batch)), Edition: int(s.edition),
		Shown: s.sum, Index: int64(s.index),
	}
	if s.reason > 0 {
		st.Reason = c.reasons[s.reason-1]
	}
	switch {
	case s.state == published:
		st.State = trove.Published
	case s.state == tombstone:
		st.State = trove.Tombstone
	case s.state == withheld && st.Reason == unreadable:
		st.State = trove.Unreadable
	case s.state == withheld:
		st.State = trove.Withheld
	}
	return st, true
}

// Commitment is the commitment that covers number n, which must be among
// those committed to.
func (c *Collection) Commitment(n int) LoggedCommitment {
	i := sort.Search(len(c.Commitments), func(i int) bool { return n < c.Commitments[i].First+c.Commitments[i].Count })
	if i == len(c.Commitments) {
		return LoggedCommitment{}
	}
	return c.Commitments[i]
}

// Account adds up the numbers of a collection by what the log says of them.
type Account struct {
	Committed, Published, Tombstones, Unreadable, NotOut int
	Withheld                                             map[string]int // by reason, without unreadable
}

// Account adds up the collection. The parts make up Committed.
func (c *Collection) Account() Account {
	a := Account{Committed: c.Count, Withheld: map[string]int{}}
	for n := 1; n <= c.Count; n++ {
		switch s, _ := c.Number(n); s.State {
		case trove.Published:
			a.Published++
		case trove.Tombstone:
			a.Tombstones++
		case trove.Unreadable:
			a.Unreadable++
		case trove.Withheld:
			a.Withheld[s.Reason]++
		default:
			a.NotOut++
		}
	}
	return a
}
