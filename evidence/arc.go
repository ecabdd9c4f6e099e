package evidence

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"unseal/mime"
)

// ChainStatus is the state of an ARC chain as we find it.
type ChainStatus string

// The states of a chain. RFC 8617 knows none, pass and fail; in an archive the
// key of a sealer may be unknown, which is no failure of the chain.
const (
	ChainNone  ChainStatus = "none"  // the mail carries no ARC set
	ChainPass  ChainStatus = "pass"  // every seal, and the newest message signature, hold
	ChainFail  ChainStatus = "fail"  // a set is malformed, missing or does not hold
	ChainEnded ChainStatus = "ended" // a sealer itself stated cv=fail: RFC 8617 section 5.1.2 ends the chain there, nothing is checked
	ChainNoKey ChainStatus = "nokey" // what could be checked holds, a key is not known
)

// Chain is the ARC chain of a mail. A chain that passes shows that the mail is
// as the newest sealer passed it on, and what each sealer claims to have found;
// it does not show that those claims are true.
type Chain struct {
	Status   ChainStatus
	Instance int    // the instance that decided a status other than pass, where one did
	Detail   string // what is wrong
	Sets     []Set  // by instance, oldest first; empty when malformed
}

// Set is one ARC set (RFC 8617 section 4.2).
type Set struct {
	Instance int
	CV       string    // the chain's state as this sealer saw it: none, pass or fail
	Results  string    // ARC-Authentication-Results after the instance, as it stands
	Seal     Signature // ARC-Seal
	Message  Signature // ARC-Message-Signature; judged for the newest set alone, which is all that can still hold
}

// maxInstance is RFC 8617 section 4.2.1.
const maxInstance = 50

// The kinds of fields in a set, in the order in which a seal covers them.
const (
	aar, ams, seal = 0, 1, 2
)

var arcFields = [3]string{"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"}

// arcSet is the three fields of one set; tags[kind] is nil where one is missing.
type arcSet struct {
	index [3]int // into the header's fields
	tags  [3]tagList
}

// chain validates the ARC sets as RFC 8617 section 5.2 says.
func (m *message) chain(keys *Keys, now time.Time) Chain {
	sets, bad := m.collect()
	switch {
	case bad != nil:
		return *bad
	case len(sets) == 0:
		return Chain{Status: ChainNone}
	}
	for i, set := range sets {
		if set.tags[seal].get("cv") == "fail" {
			return Chain{Status: ChainEnded, Instance: i + 1, Detail: "the sealer stated cv=fail"}
		}
	}
	ch := Chain{Status: ChainPass}
	for i, set := range sets {
		s := Set{Instance: i + 1, CV: set.tags[seal].get("cv"), Seal: m.arcSeal(sets[:i+1], keys)}
		_, s.Results, _ = strings.Cut(string(m.fields[set.index[aar]].Value()), ";")
		if want := []string{"none", "pass"}[min(i, 1)]; s.CV != want { // section 5.2 step 3
			ch.worse(ChainFail, i+1, "cv= of the seal")
		}
		ch.Sets = append(ch.Sets, s)
	}
	newest := &ch.Sets[len(sets)-1]
	newest.Message = m.arcMessage(sets[len(sets)-1], keys)
	ch.take(newest.Instance, ams, &newest.Message, m, now)
	for i := range slices.Backward(ch.Sets) {
		ch.take(i+1, seal, &ch.Sets[i].Seal, m, now)
	}
	return ch
}

// take lets a judged field decide about the chain. ARC is younger than RFC
// 8301, so that no honest sealer has ever used SHA-1 or a short key.
func (ch *Chain) take(instance, kind int, s *Signature, m *message, now time.Time) {
	m.qualify(s, now)
	if slices.Contains(s.Qualifiers, WeakAlgorithm) || slices.Contains(s.Qualifiers, WeakKey) {
		s.settle(Fail, WeakSeal, "")
	}
	if status, bad := map[Outcome]ChainStatus{Fail: ChainFail, NoKey: ChainNoKey}[s.Outcome]; bad {
		ch.worse(status, instance, arcFields[kind]+": "+s.Said())
	}
}

// worse lets the first failure decide; an unknown key counts below any.
func (ch *Chain) worse(to ChainStatus, instance int, detail string) {
	if ch.Status == ChainPass || ch.Status == ChainNoKey && to == ChainFail {
		ch.Status, ch.Instance, ch.Detail = to, instance, detail
	}
}

// collect sorts the ARC fields into sets and checks that they are whole: one
// field of each kind for each instance from 1 up.
func (m *message) collect() ([]arcSet, *Chain) {
	var sets []arcSet
	for kind, name := range arcFields {
		for _, index := range m.byName[strings.ToLower(name)] {
			instance, tags, err := readInstance(m.fields[index], kind == aar)
			if err != nil {
				return nil, &Chain{Status: ChainFail, Detail: name + ": " + err.Error()}
			}
			sets = append(sets, make([]arcSet, max(0, instance-len(sets)))...)
			set := &sets[instance-1]
			if set.tags[kind] != nil {
				return nil, &Chain{Status: ChainFail, Instance: instance, Detail: "two " + name + " fields"}
			}
			set.index[kind], set.tags[kind] = index, tags
		}
	}
	for i, set := range sets {
		if set.tags[aar] == nil || set.tags[ams] == nil || set.tags[seal] == nil {
			return nil, &Chain{Status: ChainFail, Instance: i + 1, Detail: "the set is not whole"}
		}
	}
	return sets, nil
}

// readInstance reads i= of an ARC field. In ARC-Authentication-Results it
// comes first and ends in a semicolon; the rest there is no tag list (RFC 8617
// section 4.1.1).
func readInstance(f mime.Field, results bool) (int, tagList, error) {
	text := string(f.Value())
	if results {
		head, _, ok := strings.Cut(text, ";")
		if !ok {
			return 0, nil, errors.New("no instance")
		}
		text = head
	}
	tags, ok := parseTags(text)
	if !ok {
		return 0, nil, errors.New("not a tag list")
	}
	n, err := strconv.ParseUint(tags.get("i"), 10, 16)
	if err != nil || n < 1 || n > maxInstance {
		return 0, nil, errors.New("i= is not an instance from 1 to 50")
	}
	return int(n), tags, nil
}

// arcMessage judges the ARC-Message-Signature of a set (RFC 8617 section
// 4.1.2): a DKIM signature without v= whose h= may not name ARC-Seal.
func (m *message) arcMessage(set arcSet, keys *Keys) Signature {
	s, c := m.read(set.index[ams])
	c.readSeal(&s)
	c.readMessage()
	c.need(!slices.Contains(c.names, "arc-seal"), "h= names ARC-Seal")
	blank := s
	if m.judge(&s, c, keys); s.Outcome == Fail && !c.tags.has("c") {
		// By section 4.1.2 the default is DKIM's, simple/simple; but sealers
		// that leave c= out sign relaxed (case ams_fields_c_na of the ARC suite).
		c.relaxedHeader, c.relaxedBody = true, true
		if m.judge(&blank, c, keys); blank.Outcome == Pass {
			s = blank
		}
	}
	return s
}

// arcSeal judges the ARC-Seal of the last of the given sets, which covers the
// fields of all of them in order, always in relaxed form (section 5.1.1).
func (m *message) arcSeal(sets []arcSet, keys *Keys) Signature {
	s, c := m.read(sets[len(sets)-1].index[seal])
	c.readSeal(&s)
	c.need(!c.tags.has("h"), "h= in ARC-Seal") // section 4.1.3
	c.relaxedHeader = true
	found := m.candidates(&s, c, keys)
	if len(found) == 0 {
		return s
	}
	var covered []int
	for _, set := range sets {
		covered = append(covered, set.index[:]...)
	}
	s.tryKeys(found, c, m.headerDigest(covered[:len(covered)-1], c))
	return s
}
