package site

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"unseal/archive"
	"unseal/evidence"
	"unseal/evidence/logtime"
	"unseal/trove"
)

// How much a panel says: the page of an item has little room, that of its proof
// says all.
type panel struct {
	signatures, names, sources, witnesses int
	whole                                 bool // with what a reader of an item need not know
}

var (
	panelSmall = panel{signatures: 2, names: 8, sources: 2, witnesses: 3}
	panelWhole = panel{signatures: 6, names: 30, sources: 4, witnesses: 20, whole: true}
)

// fieldMost and sourceMost are how many characters a panel shows of the name of
// a header field, and of the place where a key was seen.
const (
	fieldMost  = 40
	sourceMost = 80
)

// signatureResults are the words for what was found of a signature.
var signatureResults = map[string]word{"pass": "signature.pass", "fail": "signature.fail", "nokey": "signature.nokey"}

// verdictDetail writes the tag of an item's verdict with what belongs to it:
// the domain that signed, or which part does not match.
func (p *page) verdictDetail(rec *archive.Record) {
	class, w := verdictClass(rec.Verdict), verdictWord(rec.Verdict)
	what := func(p *page) { p.say(w) }
	if domain := signer(rec.Signatures); passes(rec.Verdict) && domain != "" {
		p.tag(class, "verdict.with", with("Verdict", what), with("What", func(p *page) { p.bdi(cut(domain, listName)) }))
		return
	}
	if m := misfit(rec.Signatures); rec.Verdict == trove.Mismatch && m != "" {
		p.tag(class, "verdict.with", with("Verdict", what), with("What", func(p *page) { p.say(m) }))
		return
	}
	if n := redactions(rec); rec.Verdict == trove.Redacted && n > 0 {
		p.tag(class, "redacted.tag", with("Verdict", what), count(n))
	} else {
		p.tag(class, w)
	}
	if rec.Original != nil {
		p.html(" <span>")
		p.say("redacted.was", with("Verdict", func(p *page) { p.original(rec.Original) }))
		p.html("</span>")
	}
}

// verifyPanel writes what was checked of an item, by what, and what is open.
func (s *site) verifyPanel(p *page, it *item, j *judged, how panel) {
	p.section("verify", "panel "+verdictClass(it.rec.Verdict), "verify.this")
	p.html("<p>")
	p.verdictDetail(&it.rec)
	p.html("</p><p>")
	if v := it.rec.Verdict; it.rec.Kind != trove.Mail && (v == trove.Unsigned || v == "") {
		p.say("means.file")
	} else {
		p.verdictMeans(v)
	}
	p.html(`</p><dl class="kv">`)
	if it.rec.Verdict == trove.Redacted {
		p.redactedPanel(it, how)
	} else {
		s.checkedBy(p, it, j)
		s.signatures(p, it, j, how)
	}
	p.others(it.rec.Others, how)
	p.term("verify.sha256")
	p.code(it.row.SHA256.String())
	p.html("</dd>")
	s.placeInLog(p, it, how)
	p.html("</dl>\n")
	if how.whole {
		p.html("<p>")
		p.anchor(itemPath(it.coll.Name, it.number)+"/history", "history.all")
		p.html("</p>")
	} else {
		p.html("<details><summary>")
		p.say("verify.not-heading")
		p.html("</summary>")
		p.notShown(it)
		p.html("</details><p>")
		p.anchor(itemPath(it.coll.Name, it.number)+"/verify", "verify.more")
		p.html("</p>")
	}
	p.html("</section>\n")
}

// verdictMeans says in a sentence what a verdict shows, and no more.
func (p *page) verdictMeans(v trove.Verdict) {
	switch v {
	case trove.Valid:
		p.say("means.valid")
	case trove.KeptKey:
		p.say("means.kept-key")
	case trove.Unchecked:
		p.say("means.unchecked")
	case trove.Unsigned:
		p.say("means.unsigned")
	case trove.Mismatch:
		p.say("means.mismatch")
	case trove.Redacted:
		p.say("means.redacted")
	default:
		p.say("means.none")
	}
}

// checkedBy says who found what the panel says: this page, or the publisher.
func (s *site) checkedBy(p *page, it *item, j *judged) {
	if len(it.rec.Signatures) == 0 {
		return
	}
	p.term("verify.result")
	switch {
	case !j.done:
		p.say("verify.recorded")
		if it.row.Size > judgedMost {
			p.html(" ")
			p.say("verify.large")
		}
	case j.agrees:
		p.say("verify.checked", with("Keys", s.sayKeys))
	default:
		p.say("verify.recorded")
		p.html(" ")
		p.say("verify.differs", with("Keys", s.sayKeys), with("Verdict", func(p *page) { p.say(verdictWord(j.Verdict)) }))
	}
	if j.done && !j.At.IsZero() {
		p.html(" ")
		p.say("verify.judged-at", with("Date", func(p *page) { p.moment(j.At) }))
	}
	p.html("</dd>")
}

// sayKeys writes which keys judge signatures here.
func (s *site) sayKeys(p *page) {
	w := word("keys.published")
	if s.keysOurs {
		w = "keys.built-in"
	}
	p.anchor(keysPath, w)
}

// signatures writes the sender's signatures, what was found of each, by which
// key, and what each covers. What this page did not find itself is as recorded.
func (s *site) signatures(p *page, it *item, j *judged, how panel) {
	list := it.rec.Signatures
	found := j.matched(list)
	for i := range list[:min(len(list), how.signatures)] {
		p.signature("verify.signature", &list[i], found[i], how)
	}
	if more := len(list) - how.signatures; more > 0 {
		p.term("verify.signature")
		p.say("verify.more-signatures", count(more))
		p.html("</dd>")
	}
	if how.whole && j.done {
		p.chain(&j.Chain)
		if j.BareLF {
			p.term("verify.line-ends")
			p.say("verify.bare-lf")
			p.html("</dd>")
		}
	}
}

// signature writes one of them under w; found is nil where this page has not
// found it itself.
func (p *page) signature(w word, sig *trove.Signature, found *evidence.Signature, how panel) {
	p.term(w)
	p.code(cut(sig.Domain, nameMost))
	p.sep()
	if w, ok := signatureResults[sig.Result]; ok {
		p.say(w)
	} else {
		p.bdi(cut(sig.Result, nameMost))
	}
	words, rest := said(sig)
	if sig.Result != string(evidence.Pass) && len(words) > 0 {
		p.html(".")
		p.saidWords(words, rest)
	}
	p.html("</dd>")
	p.term("verify.key-heading")
	p.say("verify.key", code("Selector", cut(sig.Selector, listName)), val("Algorithm", cut(sig.Algorithm, listName)))
	if found != nil && found.Key != nil {
		p.key(found.Key, how)
	}
	p.html("</dd>")
	if found != nil {
		p.covers(found, how)
	}
	if sig.Result == string(evidence.Pass) && len(words) > 0 {
		p.term("verify.note")
		p.saidWords(words, rest)
		p.html("</dd>")
	}
}

// saidWords writes sentences, or the words of the record where the catalogue
// lacks one.
func (p *page) saidWords(list []word, rest string) {
	if slices.ContainsFunc(list, func(w word) bool { return !p.loc.has(w) }) {
		p.html(" ")
		p.bdi(cut(rest, nameMost))
		return
	}
	for _, w := range list {
		p.html(" ")
		p.say(w)
	}
}

// key writes how long a key is and where it comes from.
func (p *page) key(k *evidence.Key, how panel) {
	p.sep()
	p.say("keys.bits", count(k.Bits()))
	p.html(". ")
	p.keySources(k, how.sources)
}

// keySources writes where a key was seen, at most so many places.
func (p *page) keySources(k *evidence.Key, most int) {
	for i, seen := range k.Seen[:min(len(k.Seen), most)] {
		if i > 0 {
			p.html(" ")
		}
		where, day := cut(seen.Where, sourceMost), func(p *page) { p.day(seen.When) }
		switch {
		case seen.Recovered:
			p.say("keys.recovered")
		case seen.DNS:
			p.say("keys.dns", with("Date", day))
		case seen.When.IsZero():
			p.say("keys.seen", val("Where", where))
		default:
			p.say("keys.seen-on", val("Where", where), with("Date", day))
		}
	}
	if more := len(k.Seen) - most; more > 0 {
		p.html(" ")
		p.say("keys.more", count(more))
	}
	if len(k.Seen) == 0 {
		p.say("keys.no-source")
	}
}

// covers writes what a signature covers and what not.
func (p *page) covers(sig *evidence.Signature, how panel) {
	if len(sig.Signed) == 0 {
		return
	}
	p.term("covers.signed")
	p.fieldNames(sig.Signed, how.names)
	switch {
	case sig.BodyLength == 0:
	case sig.BodyCovered < sig.BodyLength:
		p.say("list.comma")
		p.say("covers.body-part", num("Covered", int(sig.BodyCovered)), count(int(sig.BodyLength)))
	default:
		p.say("list.comma")
		p.say("covers.body-all")
	}
	p.html("</dd>")
	rest := sig.BodyLength - sig.BodyCovered
	if len(sig.Unsigned) == 0 && rest == 0 {
		return
	}
	p.term("covers.unsigned")
	p.fieldNames(sig.Unsigned, how.names)
	if rest > 0 {
		if len(sig.Unsigned) > 0 {
			p.say("list.comma")
		}
		p.say("covers.body-rest", count(int(rest)))
	}
	p.html("</dd>")
}

// fieldNames writes names of header fields, each once, as mails write them.
func (p *page) fieldNames(names []string, most int) {
	var list []string
	for _, n := range names {
		if n = fieldName(n); !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	for i, n := range list[:min(len(list), most)] {
		if i > 0 {
			p.say("list.comma")
		}
		p.bdi(cut(n, fieldMost))
	}
	if more := len(list) - most; more > 0 {
		p.say("list.comma")
		p.say("covers.more", count(more))
	}
}

// fieldName is the name of a header field with capitals.
func fieldName(name string) string {
	words := strings.Split(strings.ToLower(name), "-")
	for i, w := range words {
		if w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "-")
}

// chains are the words for the state of an ARC chain.
var chains = map[evidence.ChainStatus]word{evidence.ChainPass: "chain.pass", evidence.ChainFail: "chain.fail",
	evidence.ChainEnded: "chain.ended", evidence.ChainNoKey: "chain.nokey"}

// chain writes what was found of the seals of those who passed a mail on.
func (p *page) chain(c *evidence.Chain) {
	w := chains[c.Status]
	if w == "" {
		return
	}
	p.term("chain.heading")
	p.say(w)
	if n := len(c.Sets); n > 0 {
		p.html(" ")
		p.say("chain.newest", code("Domain", cut(c.Sets[n-1].Seal.Domain, nameMost)), count(n))
	}
	p.html("</dd>")
}

// placeInLog writes what the log shows of an item: the commitment, its entry,
// who has seen it, and when it came out by whose word.
func (s *site) placeInLog(p *page, it *item, how panel) {
	cp := s.archive.Checkpoint()
	p.term("verify.commitment")
	p.say("verify.place", val("Number", p.loc.number(it.number)), val("Total", p.loc.number(it.coll.Committed)))
	if k := it.coll.commitment(it.number); k != nil && !k.Time.IsZero() {
		p.html(" ")
		if k.K == 1 {
			p.say("verify.fixed", with("Date", func(p *page) { p.moment(k.Time) }))
		} else {
			p.say("verify.fixed-later", val("Number", strconv.Itoa(k.K)), with("Date", func(p *page) { p.moment(k.Time) }))
		}
	}
	p.html("</dd>")
	p.term("verify.log")
	p.say("verify.log-place", val("Index", strconv.FormatInt(it.index, 10)), count(int(cp.Size)))
	p.html("</dd>")
	p.witnesses(s.witnessesOf(it.index), how)
	p.term("verify.released")
	p.say("batch.number", val("Number", strconv.Itoa(it.batch)))
	p.sep()
	p.moment(it.published)
	p.html(". ")
	p.say("verify.stated-time")
	p.html("</dd>")
	s.timeShown(p, it.index, how)
}

// timeShown writes when the log held an entry at the latest, by the word of
// others than the publisher.
func (s *site) timeShown(p *page, index int64, how panel) {
	stamp, ok := logtime.Earliest(s.times, index)
	chains := logtime.Chains(s.times, index)
	if !ok && len(chains) == 0 {
		return
	}
	p.term("time.heading")
	if ok {
		p.say("time.stamp", val("Signer", cut(stamp.Signer, nameMost)), with("Date", func(p *page) { p.moment(stamp.Time) }))
		if stamp.Cause != "" {
			p.html(" ")
			p.bdi(cut(stamp.Cause, nameMost))
		}
		p.html("<br>")
	}
	for i := range chains[:min(len(chains), how.sources)] {
		p.say("time.chain", num("Size", int(chains[i].Size)), val("What", cut(chains[i].Cause, 2*nameMost)))
		p.html("<br>")
	}
	p.html("</dd>")
}

// otherTypes are the words for signatures besides DKIM.
var otherTypes = map[trove.SignatureType]word{trove.SMIME: "other.smime", trove.OpenPGP: "other.openpgp", trove.RFC3161: "other.rfc3161", trove.OpenTimestamps: "other.opentimestamps"}

// others writes what was found of signatures besides DKIM.
func (p *page) others(list []trove.OtherSignature, how panel) {
	for i := range list[:min(len(list), how.signatures)] {
		p.other(&list[i])
	}
	if more := len(list) - how.signatures; more > 0 {
		p.term("other.unknown")
		p.say("verify.more-signatures", count(more))
		p.html("</dd>")
	}
	if len(list) > 0 {
		p.term("verify.note")
		p.say("other.note")
		p.html("</dd>")
	}
}

// other writes all that is known of one of them: no part of it is told alone.
func (p *page) other(o *trove.OtherSignature) {
	w := otherTypes[o.Type]
	if w == "" {
		w = "other.unknown"
	}
	p.term(w)
	if r, ok := signatureResults[o.Result]; ok {
		p.say(r)
	} else {
		p.bdi(cut(o.Result, nameMost))
	}
	if o.Signer != "" {
		p.sep()
		p.bdi(cut(o.Signer, nameMost))
	}
	if o.Of != "" {
		p.sep()
		p.say("other.of", val("What", cut(o.Of, nameMost)))
	}
	if !o.Time.IsZero() {
		p.sep()
		p.say("other.time", with("Date", func(p *page) { p.moment(o.Time) }))
	}
	if o.Cause != "" {
		p.sep()
		p.bdi(cut(o.Cause, nameMost))
	}
	if o.Fingerprint != "" {
		p.html("<br>")
		p.code(cut(o.Fingerprint, nameMost))
	}
	p.html("</dd>")
}

// commitment is the one that covers number n, as the index file repeats it.
func (c *collection) commitment(n int) *archive.CommitmentInfo {
	for i := range c.Commitments {
		if k := &c.Commitments[i]; n >= k.First && n < k.First+k.Count {
			return k
		}
	}
	return nil
}

// witnesses writes who states to have seen the log with the item in it.
func (p *page) witnesses(list []witnessed, how panel) {
	p.term("witness.heading")
	if len(list) == 0 {
		p.say("witness.none")
	}
	for _, w := range list[:min(len(list), how.witnesses)] {
		p.say("witness.seen", code("Name", cut(w.Name, nameMost)), with("Date", func(p *page) { p.moment(w.Time) }))
		p.html("<br>")
	}
	if more := len(list) - how.witnesses; more > 0 {
		p.say("witness.more", count(more))
		p.html("<br>")
	}
	if len(list) > 0 {
		p.html("<small>")
		p.say("witness.unknown")
		p.html("</small>")
	}
	p.html("</dd>")
}

// notShown writes what no check of an item can show.
func (p *page) notShown(it *item) {
	p.html("<ul>")
	for _, w := range [...]word{"verify.not-true", "verify.not-typed", "verify.not-hidden", "verify.not-complete", "verify.not-selection"} {
		if w == "verify.not-hidden" && it.rec.Verdict != trove.Redacted {
			continue
		}
		if w == "verify.not-typed" && len(it.rec.Signatures) == 0 && it.rec.Original == nil {
			continue
		}
		p.html("<li>")
		p.say(w)
		p.html("</li>")
	}
	p.html("</ul>\n")
}

// itemVerify answers the page of an item's proof: the panel, what it does not
// show, and how anyone checks the same without us.
func (s *site) itemVerify(w http.ResponseWriter, r *http.Request, it *item) error {
	j, err := s.judge(it, maxChecked)
	if err != nil {
		return err
	}
	if asJSON(r) {
		return sendJSON(w, r, http.StatusOK, s.verifyJSON(it, &j))
	}
	p := newPage(s.locale, r.URL.Path)
	number := strconv.Itoa(it.number)
	crumbs := s.itemCrumbs(it)
	crumbs[len(crumbs)-1].path = itemPath(it.coll.Name, it.number)
	title := p.loc.plain("verify.item-title", plain("Collection", it.coll.Title), plain("Number", number))
	s.begin(p, head{title: title, crumbs: append(crumbs, crumb{"", p.loc.plain("verify.this")})})
	p.heading("verify.item-title", val("Collection", it.coll.Title), val("Number", number))
	s.verifyPanel(p, it, &j, panelWhole)
	p.section("not", "", "verify.not-heading")
	p.notShown(it)
	p.html("</section>\n")
	if err := s.yourself(p, it, &j); err != nil {
		p.free()
		return err
	}
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}
