package site

import (
	"strings"
	"sync"

	"unseal/evidence"
	"unseal/trove"
)

// judgedMost is the largest mail whose signatures are checked again for each
// view of its page; the page of its proof checks any.
const judgedMost = 1 << 20

// judged is what the site itself finds of a mail's signatures, beside what the
// record states.
type judged struct {
	evidence.Result
	done   bool // the signatures were checked
	agrees bool // with the record: what passed passes, whatever the key's fame
}

// judge checks the signatures of a mail again, with the keys at hand, unless it
// has none or is larger than most. "Now" is when it was published, so that a
// page says the same on every day, and what was found once can be kept.
func (s *site) judge(it *item, most int64) (judged, error) {
	if it.rec.Kind != trove.Mail || len(it.rec.Signatures) == 0 || it.row.Size > most || it.rec.Verdict == trove.Redacted {
		return judged{}, nil
	}
	key := trove.Name{Collection: it.coll.Name, Number: it.number}
	if j, ok := s.judged.get(key); ok {
		return j, nil
	}
	raw, err := it.bytes()
	if err != nil {
		return judged{}, err
	}
	r := evidence.Examine(raw, s.keys, it.published)
	j := judged{r, true, passes(r.Verdict) && passes(it.rec.Verdict) || r.Verdict == it.rec.Verdict}
	s.judged.put(key, j)
	return j, nil
}

// judgements keeps what was found of some mails: a hostile one can ask for much
// hashing. It is safe for concurrent use.
type judgements struct {
	mu    sync.Mutex
	known map[trove.Name]judged // guarded by mu
}

// judgementsMost is how many are kept, at some kilobytes each.
const judgementsMost = 1000

func (k *judgements) get(n trove.Name) (judged, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	j, ok := k.known[n]
	return j, ok
}

func (k *judgements) put(n trove.Name, j judged) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil || len(k.known) >= judgementsMost {
		k.known = map[trove.Name]judged{}
	}
	k.known[n] = j
}

func passes(v trove.Verdict) bool { return v == trove.Valid || v == trove.KeptKey }

// slug is a name of the code as it stands in the id of a word.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '-', r == '=':
			return r
		}
		return -1
	}, name)
}

// said are the words for the cause of a failure, or for the qualifiers of a
// pass, as a record states them ([evidence.Signature.Said]).
func said(sig *trove.Signature) (list []word, rest string) {
	if sig.Cause == "" {
		return nil, ""
	}
	if sig.Result != string(evidence.Pass) {
		cause, probable, _ := strings.Cut(sig.Cause, ": ")
		if strings.HasPrefix(sig.Cause, "not judged: ") {
			cause, probable = sig.Cause, ""
		}
		list = append(list, word("cause."+slug(cause)))
		if probable = strings.TrimSuffix(probable, " probable"); probable != "" {
			list = append(list, word("probable."+slug(probable)))
		}
		return list, sig.Cause
	}
	for q := range strings.SplitSeq(sig.Cause, ", ") {
		list = append(list, word("qualifier."+slug(q)))
	}
	return list, sig.Cause
}

// misfits are the words for what does not match.
var misfits = map[evidence.Cause]word{
	evidence.BodyChanged: "misfit.body", evidence.HeaderChanged: "misfit.header", evidence.BothChanged: "misfit.both",
	evidence.HeaderOrKey: "misfit.header-or-key", evidence.KeyMismatch: "misfit.key", evidence.KeyForbids: "misfit.key",
	evidence.Subdomain: "misfit.key", evidence.DomainMismatch: "misfit.key", evidence.Expired: "misfit.expired",
}

// misfit says which part does not match, of the first signature that does not;
// empty where the record leaves it open.
func misfit(list []trove.Signature) word {
	for i := range list {
		cause, _, _ := strings.Cut(list[i].Cause, ": ")
		if w := misfits[evidence.Cause(cause)]; w != "" && list[i].Result == string(evidence.Fail) {
			return w
		}
	}
	return ""
}

// signer is the domain of the first signature that passes, one of the sender's
// own before any other.
func signer(list []trove.Signature) (domain string) {
	for i := range list {
		if list[i].Result != string(evidence.Pass) {
			continue
		}
		if !strings.Contains(list[i].Cause, string(evidence.OtherDomain)) {
			return list[i].Domain
		}
		if domain == "" {
			domain = list[i].Domain
		}
	}
	return domain
}

// matched are the examined signatures that stand beside the recorded ones with
// the same result; nil where this page did not find what the record states.
func (j *judged) matched(recorded []trove.Signature) []*evidence.Signature {
	found := make([]*evidence.Signature, len(recorded))
	if len(j.Signatures) != len(recorded) {
		return found
	}
	for i := range j.Signatures {
		s, r := &j.Signatures[i], &recorded[i]
		if string(s.Outcome) == r.Result && s.Domain == r.Domain && s.Selector == r.Selector {
			found[i] = s
		}
	}
	return found
}
