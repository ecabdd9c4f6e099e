package site

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"unseal/search"
	"unseal/trove"
	"unseal/verifier"
)

// maxChecked is the greatest file that /verify looks at: the limit of a message.
const maxChecked = 64 << 20

// verify answers /verify and /verify.json: how to check, and the question "is
// this ours?", asked with a digest in the address or with an upload.
func (s *site) verify(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return s.verifyDigest(w, r)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxChecked+1<<20)
	digest, err := digestOf(r)
	if err != nil {
		return s.verifyProblem(w, r, asFault(err))
	}
	return s.verifyLookUp(w, r, digest)
}

// verifyDigest looks up ?sha256=; without it the page asks.
func (s *site) verifyDigest(w http.ResponseWriter, r *http.Request) error {
	typed := strings.TrimSpace(r.FormValue("sha256"))
	if typed == "" && !asJSON(r) {
		return s.verifyPage(w, r, http.StatusOK, nil)
	}
	digest, err := trove.ParseDigest(typed)
	if err != nil {
		return s.verifyProblem(w, r, &fault{status: http.StatusBadRequest, w: "verify.no-digest"})
	}
	return s.verifyLookUp(w, r, digest)
}

func (s *site) verifyProblem(w http.ResponseWriter, r *http.Request, f *fault) error {
	if asJSON(r) {
		return f
	}
	return s.verifyPage(w, r, f.status, func(p *page) {
		p.section("answer", "panel bad", "verify.problem")
		p.say(f.w)
		p.html("</section>\n")
	})
}

func (s *site) verifyLookUp(w http.ResponseWriter, r *http.Request, d trove.Digest) error {
	found, err := s.holders(r.Context(), d)
	if err != nil {
		return err
	}
	if !asJSON(r) {
		return s.verifyPage(w, r, http.StatusOK, func(p *page) { s.verifyAnswer(p, d, found) })
	}
	cp := s.archive.Checkpoint()
	out := lookedUp{SHA256: d, Found: len(found) > 0, Items: []foundItem{}, LogOrigin: cp.Origin, LogSize: cp.Size, LogRoot: cp.Root, Time: s.newest()}
	for _, row := range found {
		out.Items = append(out.Items, foundItem{row: row, URL: "/" + itemPath(row.Collection, row.Number)})
	}
	return sendJSON(w, r, http.StatusOK, out)
}

// lookedUp is the answer of /verify.json?sha256=.
type lookedUp struct {
	SHA256    trove.Digest `json:"sha256"`
	Found     bool         `json:"found"` // false: not in this log, as of its size
	Items     []foundItem  `json:"items"`
	LogOrigin string       `json:"log_origin"`
	LogSize   int64        `json:"log_size"`
	LogRoot   trove.Digest `json:"log_root"`
	Time      time.Time    `json:"time,omitzero"` // of the newest batch, as the publisher states it
}

// newest is when the newest batch of all came out, as the publisher states it.
func (s *site) newest() (t time.Time) {
	for _, c := range s.collections {
		if at := c.newest(); at.After(t) {
			t = at
		}
	}
	return t
}

// digestOf reads the form: a pasted digest, or the digest of an uploaded file.
// The file is read once and kept nowhere, not even on disk.
func digestOf(r *http.Request) (trove.Digest, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		if d, err := trove.ParseDigest(strings.TrimSpace(r.PostFormValue("sha256"))); err == nil {
			return d, nil
		}
		return trove.Digest{}, badRequest("verify.neither")
	}
	form, err := r.MultipartReader()
	if err != nil {
		return trove.Digest{}, formFault(err)
	}
	for {
		part, err := form.NextPart()
		if err != nil {
			return trove.Digest{}, formFault(err)
		}
		d, err := digestOfPart(part)
		if err != nil {
			return trove.Digest{}, formFault(err)
		}
		if !d.IsZero() {
			return d, nil
		}
	}
}

// formFault is what a reader sees when a form cannot be read.
func formFault(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &fault{status: http.StatusRequestEntityTooLarge, w: "verify.too-large"}
	}
	if _, ok := errors.AsType[*fault](err); ok {
		return err
	}
	return badRequest("verify.neither")
}

// digestOfPart is the digest that one part of the form names, or zero where it
// is empty.
func digestOfPart(part *multipart.Part) (trove.Digest, error) {
	switch part.FormName() {
	case "sha256":
		b, err := io.ReadAll(io.LimitReader(part, 200))
		if err != nil {
			return trove.Digest{}, err
		}
		if typed := strings.TrimSpace(string(b)); typed != "" {
			d, err := trove.ParseDigest(typed)
			if err != nil {
				return trove.Digest{}, badRequest("verify.no-digest")
			}
			return d, nil
		}
	case "file":
		h := sha256.New()
		n, err := io.Copy(h, part)
		if err != nil || n == 0 {
			return trove.Digest{}, err
		}
		return trove.Digest(h.Sum(nil)), nil
	}
	return trove.Digest{}, nil
}

// holders are the items that show the bytes of that digest, or hold a file of it.
func (s *site) holders(ctx context.Context, d trove.Digest) ([]row, error) {
	q, err := search.Parse("sha256:" + d.String())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	res, err := s.ask(ctx, search.Request{Query: q, Sort: search.Number, Limit: hitsPerPage})
	if err != nil {
		return nil, err
	}
	if res.Partial {
		return nil, &fault{status: http.StatusServiceUnavailable, w: "error.busy"}
	}
	rows := s.hitRows(res.Hits)
	return slices.DeleteFunc(rows, func(r row) bool { return r.State != trove.Published }), nil
}

func (s *site) verifyAnswer(p *page, d trove.Digest, found []row) {
	if len(found) == 0 {
		s.notOurs(p, d)
		return
	}
	p.section("answer", "panel ok", "verify.ours")
	p.html("<p>")
	p.code(d.String())
	p.html("</p>")
	p.paragraph("verify.ours-text", count(len(found)))
	p.html("</section>\n<h2>")
	p.say("verify.where")
	p.html("</h2>\n")
	p.rows(found)
}

// notOurs says that nothing that is published has a digest, as of when, and
// what that does not mean.
func (s *site) notOurs(p *page, d trove.Digest) {
	cp := s.archive.Checkpoint()
	p.section("answer", "panel warn", "verify.not-ours", count(int(cp.Size)))
	p.html("<p>")
	p.code(d.String())
	p.html("</p>")
	p.paragraph("verify.not-ours-asof", count(int(cp.Size)), with("Date", func(p *page) { p.moment(s.newest()) }))
	p.paragraph("verify.not-ours-heading")
	p.html("<ul>")
	for _, w := range [...]word{"verify.not-ours-text", "verify.not-ours-hidden", "verify.not-ours-later"} {
		p.html("<li>")
		p.say(w)
		p.html("</li>")
	}
	p.html("</ul><p>")
	p.anchor(verifierPath, "verify.browser-get")
	p.html("</p></section>\n")
}

// verifyPage writes the page, with the answer to a question where there is one.
func (s *site) verifyPage(w http.ResponseWriter, r *http.Request, status int, answer func(*page)) error {
	p := newPage(s.locale, r.URL.Path)
	title := p.loc.plain("verify.title")
	if status != http.StatusOK {
		title = p.loc.plain("error.prefix", plain("Title", title))
	}
	s.begin(p, head{title: title, noindex: answer != nil, crumbs: []crumb{{"", p.loc.plain("verify.title")}}})
	p.heading("verify.title")
	if answer != nil {
		answer(p)
	}
	p.section("ask", "", "verify.ask")
	p.paragraph("verify.ask-text")
	p.html(`<form`)
	p.link("action", "verify", "")
	p.html(`><p><label for="sha256">`)
	p.say("verify.digest")
	p.html(` <span class="hint" id="dh">`)
	p.say("verify.digest-hint")
	p.html(`</span></label><input id="sha256" name="sha256" size="64" dir="ltr" autocomplete="off" spellcheck="false" aria-describedby="dh"></p><button>`)
	p.say("verify.look-up")
	p.html(`</button></form><form method="post" enctype="multipart/form-data"`)
	p.link("action", "verify", "")
	p.html(`><p><label for="file">`)
	p.say("verify.file")
	p.html(`</label><input type="file" id="file" name="file"></p><button>`)
	p.say("verify.button")
	p.html("</button></form></section>\n")
	s.verifySelf(p)
	s.end(p)
	sendPage(w, r, status, p)
	return nil
}

// verifySelf says how anyone checks without asking us.
func (s *site) verifySelf(p *page) {
	p.section("self", "", "verify.self")
	p.paragraph("verify.self-text")
	p.html("<h3>")
	p.say("verify.one-item")
	p.html("</h3>")
	p.paragraph("verify.one-item-text")
	p.html("<pre><code>")
	p.body("unseal verify 5205.eml --proof 5205.proof --log-key KEY")
	p.html("</code></pre>")
	p.paragraph("verify.browser-text")
	p.html("<p>")
	p.anchor(verifierPath, "verify.browser-get")
	p.html("<br>")
	p.say("verify.browser-digest")
	p.html(" ")
	p.code(trove.Sum(s.checkerPage()).String())
	p.html("</p><h3>")
	p.say("verify.whole")
	p.html("</h3>")
	p.paragraph("verify.whole-text")
	p.html("<pre><code>")
	p.body("unseal verify ARCHIVE --log-key KEY --seen CHECKPOINT")
	p.html("</code></pre>")
	p.paragraph("verify.key-text")
	p.html("</section>\n")
}

// verifierPath is where the page that checks an item offline can be had.
const verifierPath = "verify.html"

// checkerPage is the page that the archive carries, whose digest stands in the
// log; that of this program where there is none, or another than the log names.
func (s *site) checkerPage() []byte {
	if page, err := s.archive.Checker(); err == nil && page != nil {
		return page
	}
	return verifier.Page
}

// verifierPage answers verify.html, as a download: a reader should keep it, and
// run it where this site cannot change it.
func (s *site) verifierPage(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h["Content-Security-Policy"] = headerPolicyVerifier
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": verifierPath}))
	send(w, r, http.StatusOK, headerHTML, s.checkerPage())
	return nil
}

// byHash answers /h/<sha256>: the bytes of an item or of a file in one.
func (s *site) byHash(w http.ResponseWriter, r *http.Request) error {
	d, err := trove.ParseDigest(r.PathValue("sha256"))
	if err != nil {
		return missing("error.no-digest")
	}
	rows, err := s.holders(r.Context(), d)
	if err != nil {
		return err
	}
	for i := range rows {
		it, err := s.openRecord(s.byName[rows[i].Collection], rows[i].Number)
		if err != nil {
			return err
		}
		if it.row.SHA256 == d {
			return s.itemFile(w, r, it, it.suffix())
		}
		for k := range it.files {
			if it.files[k].SHA256 == d {
				return s.itemAttachment(w, r, it, k+1)
			}
		}
	}
	return missing("error.no-hash", val("SHA256", d.String()))
}

// retryAfter is what a busy site asks for.
const retryAfter = 5 * time.Second

func retryHeader(h http.Header) { h.Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second))) }
