package site

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"unseal/archive"
	"unseal/evidence"
	"unseal/translog"
)

// keysMost is how many senders' keys a page lists.
const keysMost = 50

// keysPath is the page of all keys.
const keysPath = "keys"

// keysPage answers /keys: which keys judge what, and where each comes from. As
// JSON the senders' keys are a file of the archive, keys.json.
func (s *site) keysPage(w http.ResponseWriter, r *http.Request) error {
	from, _ := strconv.Atoi(r.FormValue("from"))
	changes, err := s.keyChanges(r.Context())
	if err != nil {
		return err
	}
	return s.simplePage(w, r, "keys.title", func(p *page) {
		p.paragraph("keys.what")
		s.logKeys(p)
		s.releaseKeys(p, changes)
		s.senderKeys(p, max(0, from))
	})
}

// keyChange is an entry of the log that replaces keys.
type keyChange struct {
	translog.Key
	index int64
}

// keyChanges are the entries that replace keys, in order.
func (s *site) keyChanges(ctx context.Context) ([]keyChange, error) {
	if err := s.readPast(ctx); err != nil {
		return nil, err
	}
	return s.past.keys, nil
}

func (s *site) logKeys(p *page) {
	p.section("log", "", "keys.log")
	p.paragraph("keys.log-text")
	p.html("<ul>")
	for i, k := range s.archive.LogKeys() {
		p.html("<li>")
		p.code(k.Key)
		p.html("<br>")
		switch {
		case i == 0:
			p.say("keys.log-first")
		case k.Recovery:
			p.say("keys.log-recovered", val("Size", strconv.FormatInt(k.From, 10)))
		default:
			p.say("keys.log-next", val("Size", strconv.FormatInt(k.From, 10)))
		}
		p.html("</li>")
	}
	p.html("</ul>\n")
	if recovery := s.archive.Genesis().Recovery; recovery != "" {
		p.html("<p>")
		p.say("keys.recovery")
		p.html(" ")
		p.code(recovery)
		p.html("</p>\n")
	}
	p.html("</section>\n")
}

// releaseKeys writes the keys that sign batches and notices, as of now, and
// when they were replaced.
func (s *site) releaseKeys(p *page, changes []keyChange) {
	g := s.archive.Genesis()
	keys, quorum, since := g.ReleaseKeys, g.ReleaseQuorum, int64(0)
	for _, c := range changes {
		if c.Role == translog.RoleRelease {
			keys, quorum, since = c.Keys, c.Quorum, c.index
		}
	}
	p.section("release", "", "keys.release")
	if len(keys) == 0 {
		p.paragraph("keys.release-none")
		p.html("</section>\n")
		return
	}
	p.paragraph("keys.release-text", num("Quorum", quorum), count(len(keys)), val("Index", strconv.FormatInt(since, 10)))
	p.html("<ul>")
	for _, k := range keys {
		p.html("<li>")
		p.code(k)
		p.html("</li>")
	}
	p.html("</ul></section>\n")
}

// senderKeys writes a page of the keys that judge senders' signatures.
func (s *site) senderKeys(p *page, from int) {
	all := s.keys.All()
	p.section("senders", "", "keys.senders")
	if s.keysOurs {
		p.paragraph("keys.senders-built-in")
	} else {
		p.paragraph("keys.senders-text")
		p.html("<p>")
		p.anchor(archive.KeysPath, "keys.file")
		p.html("</p>\n")
	}
	p.html(`<table class="stack"><thead><tr>`)
	p.heads("keys.name", "keys.key", "keys.where")
	p.html("</tr></thead><tbody>\n")
	from = min(from, len(all))
	shown := all[from:min(from+keysMost, len(all))]
	for _, k := range shown {
		p.keyRow(k)
	}
	p.html("</tbody></table>\n")
	if len(shown) < len(all) {
		p.html(`<nav class="pager"`)
		p.sayAttr("aria-label", "nav.pages")
		p.html("><span>")
		p.say("nav.range", num("From", from+1), num("To", from+len(shown)), count(len(all)))
		p.html("</span>")
		if from > 0 {
			p.pageLink("prev", keysPath, "from", max(0, from-keysMost), "nav.previous")
		}
		if from+len(shown) < len(all) {
			p.pageLink("next", keysPath, "from", from+len(shown), "nav.next")
		}
		p.html("</nav>\n")
	}
	p.html("</section>\n")
}

func (p *page) keyRow(k *evidence.Key) {
	p.html("<tr>")
	p.cell("keys.name", "")
	p.code(cut(k.Name(), nameMost))
	p.cellEnd()
	p.cell("keys.key", "")
	switch {
	case k.Record == "":
		p.say("keys.gone", with("Date", func(p *page) { p.day(k.Gone) }))
	case k.Fault() != nil:
		p.say("keys.unusable")
	case k.Bits() == 0:
		p.say("keys.revoked")
	default:
		p.say("keys.bits", count(k.Bits()))
	}
	p.keyWindow(k)
	p.cellEnd()
	p.cell("keys.where", "")
	p.keySources(k, 2)
	p.cellEnd()
	p.html("</tr>\n")
}

// keyWindow writes since when and until when a key is known to have been in use.
func (p *page) keyWindow(k *evidence.Key) {
	for _, t := range [...]struct {
		w  word
		at time.Time
	}{{"keys.from", k.From}, {"keys.until", k.Until}} {
		if !t.at.IsZero() {
			p.sep()
			p.say(t.w)
			p.html(" ")
			p.day(t.at)
		}
	}
}
