package site

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"unseal/archive"
	"unseal/proof"
	"unseal/trove"
)

// A redacted item is shown with a mark for each hidden run ([proof.Mark]). So
// that the page can tell a mark from the same words in a mail, and knows the
// reason of each, the bytes that are decoded for a page have a sign of the same
// length in the place of every mark: a control character, four characters that
// are made up anew whenever the program starts, the number of the mark in four
// digits of base 36, and another control character.
const (
	signOpen  = '\x02'
	signClose = '\x03'
	signSize  = len("[redacted]")
)

var signNonce = func() string {
	return strings.ToLower(rand.Text()[:4])
}()

// marksMost is how many signs there are, with four digits. The last is that of
// a mark whose reason is not known.
const marksMost = 36 * 36 * 36 * 36

// signOf is what stands for mark number n.
func signOf(n int) string {
	digits := strconv.FormatInt(int64(n), 36)
	return string(signOpen) + signNonce + strings.Repeat("0", 4-len(digits)) + digits + string(signClose)
}

// withSigns is raw with a sign in the place of each mark. Marks of lines of
// base64 decode to their sign and two spaces.
func withSigns(raw []byte, r *proof.Rendition) []byte {
	raw = slices.Clone(raw)
	for n, h := range r.Hidden {
		sign := signOf(n)
		if h.Mark >= proof.MarkBase64 {
			sign = base64.StdEncoding.EncodeToString([]byte(sign + "  "))
		}
		if n == marksMost-1 || h.At < 0 || h.At+int64(len(sign)) > int64(len(raw)) {
			break
		}
		copy(raw[h.At:], sign)
	}
	return raw
}

// nextSign finds the first sign in text: where it begins, and its number; -1
// where there is none.
func nextSign(text string) (at, n int) {
	for from := 0; ; from = at + 1 {
		i := strings.IndexByte(text[from:], signOpen)
		if i < 0 || from+i+signSize > len(text) {
			return -1, 0
		}
		at = from + i
		sign := text[at : at+signSize]
		if sign[signSize-1] != signClose || sign[1:5] != signNonce {
			continue
		}
		if n, err := strconv.ParseUint(sign[5:9], 36, 32); err == nil {
			return at, int(n)
		}
	}
}

// marked writes text of an item to a kind of place, with a black box for each
// sign.
func (p *page) marked(s string, marks []archive.Redaction, place where) {
	for len(marks) > 0 {
		at, n := nextSign(s)
		if at < 0 {
			break
		}
		p.b = appendEscaped(p.b, s[:at], place)
		p.blackBox(n, marks)
		s = s[at+signSize:]
	}
	p.b = appendEscaped(p.b, s, place)
}

// blackBox stands for what is hidden; its words are its own, for whoever does
// not see it.
func (p *page) blackBox(n int, marks []archive.Redaction) {
	p.html(`<span class="gone">`)
	if n < len(marks) && marks[n].Reason != "" {
		p.say("redacted.box", with("Reason", func(p *page) { p.reason(marks[n].Reason) }))
	} else {
		p.say("redacted.box-alone")
	}
	p.html("</span>")
}

// signText makes the text of a redacted item for pages. That of a mail with
// text parts is decoded anew, with signs, from what is shown of it. In any
// other, made of HTML say, the words of a mark count as one, and its reason is
// known where all have the same.
func (it *item) signText() error {
	if it.rec.Redacted == nil {
		return nil
	}
	if it.rec.Kind != trove.Mail || it.row.Size > maxPlain || !it.hasText() {
		it.signed = it.signedText(it.text)
		return nil
	}
	raw, err := it.signedBytes()
	if err != nil {
		return err
	}
	it.signed, err = it.decodeTexts(raw)
	return err
}

// signedText is text that was read of the item, with a sign for each mark of a
// redacted one.
func (it *item) signedText(s string) string {
	if it.rec.Redacted == nil {
		return s
	}
	return strings.ReplaceAll(s, proof.Mark(0).String(), signOf(it.onlyReason()))
}

// onlyReason is the number of a mark with the reason that all marks have, or
// one that no mark has.
func (it *item) onlyReason() int {
	list := it.rec.Redactions
	if len(list) == 0 || slices.ContainsFunc(list, func(r archive.Redaction) bool { return r.Reason != list[0].Reason }) {
		return marksMost - 1
	}
	return 0
}

// signedBytes are the item's exact bytes, with signs where it is redacted.
func (it *item) signedBytes() ([]byte, error) {
	raw, err := it.bytes()
	if err != nil || it.rec.Redacted == nil {
		return raw, err
	}
	return withSigns(raw, it.rec.Redacted), nil
}

// cutSigned is at most n bytes of text, which cut no sign.
func cutSigned(s string, n int) string {
	s = cutBytes(s, n)
	if i := strings.LastIndexByte(s, signOpen); i >= 0 && i > len(s)-signSize {
		s = s[:i]
	}
	return s
}

func (it *item) hasText() bool {
	return slices.ContainsFunc(it.rec.Parts, func(p trove.Part) bool { return p.Role == trove.RoleText })
}

// redactions is how many runs are hidden in an item.
func redactions(rec *archive.Record) int { return len(rec.Redactions) }

// original writes what the publisher found before an item was redacted.
func (p *page) original(o *archive.Original) {
	was := archive.Record{Record: trove.Record{Verdict: o.Verdict, Signatures: o.Signatures}}
	what := func(p *page) { p.say(verdictWord(o.Verdict)) }
	if domain := signer(was.Signatures); passes(o.Verdict) && domain != "" {
		p.say("verdict.with", with("Verdict", what), with("What", func(p *page) { p.bdi(cut(domain, listName)) }))
		return
	}
	p.say(verdictWord(o.Verdict))
}

// redactedPanel writes what is hidden, what that leaves of the proof, and what
// state the original had, by whose word.
func (p *page) redactedPanel(it *item, how panel) {
	rec := &it.rec
	if n := redactions(rec); n > 0 {
		p.term("redacted.heading")
		p.reasons(rec.Redactions)
		p.html("</dd>")
	}
	if r := rec.Redacted; r != nil {
		hidden := 0
		for _, h := range r.Hidden {
			hidden += h.Count
		}
		p.term("redacted.rest")
		p.say("redacted.proof", num("Places", len(r.Hidden)), num("Hidden", hidden), count(r.Segments))
		p.html("</dd>")
	}
	if o := rec.Original; o != nil {
		p.term("redacted.original")
		p.original(o)
		p.html(". ")
		p.say("redacted.judged")
		p.html("</dd>")
		for i := range o.Signatures[:min(len(o.Signatures), how.signatures)] {
			p.signature("redacted.signed", &o.Signatures[i], nil, how)
		}
	}
	if it.edition > 1 {
		p.term("redacted.earlier")
		p.say("redacted.recoverable", num("Edition", it.edition-1))
		p.html("</dd>")
	}
}

// reasons writes how often each reason stands, those in use first.
func (p *page) reasons(list []archive.Redaction) {
	var order []string
	counts := map[string]int{}
	for _, r := range list {
		if counts[r.Reason]++; counts[r.Reason] == 1 {
			order = append(order, r.Reason)
		}
	}
	for i, code := range order {
		if i > 0 {
			p.say("list.comma")
		}
		p.say("redacted.reason", with("Reason", func(p *page) { p.reason(code) }), num("Times", counts[code]))
	}
}
