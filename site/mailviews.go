package site

import (
	"strings"

	"unseal/mime"
	"unseal/mime/body"
)

// sourceLimit is how much of a mail's headers or source a page shows; the
// download has all of it.
const sourceLimit = 30 << 10

// htmlView writes the mail's HTML made safe, in a frame that may do nothing:
// no script, no form, no origin, no load.
func (s *site) htmlView(p *page, it *item) error {
	raw, err := it.bytes()
	if err != nil {
		return err
	}
	part := it.html()
	decoded, err := body.DecodePart(raw, *part)
	if err != nil {
		return err
	}
	text, _ := mime.ToUTF8(decoded, part.Charset)
	fragment, cut, ok := safeHTML(text)
	if !ok {
		p.html("<p>")
		p.say("view.html-refused")
		p.html("</p>\n")
		p.textView(it, false, false)
		return nil
	}
	p.html(`<p class="small">`)
	p.say("view.html-what")
	if cut {
		p.html(" ")
		p.say("view.cut", val("Size", p.loc.size(part.Size)))
	}
	p.html(`</p><iframe class="frame" sandbox="" referrerpolicy="no-referrer"`)
	p.sayAttr("title", "view.html-frame")
	p.attr("srcdoc", frameDocument(fragment, it.rec.Lang))
	p.html("></iframe>\n")
	return nil
}

// frameDocument wraps the made-safe fragment in a document that follows the
// reader's light or dark setting.
func frameDocument(fragment, lang string) string {
	var b strings.Builder
	b.WriteString("<!doctype html><html")
	if langValue.MatchString(lang) {
		b.WriteString(` lang="` + lang + `"`)
	}
	b.WriteString(`><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title></title><body dir="auto">`)
	b.WriteString(fragment)
	return b.String()
}

// headersView writes every header field of the mail in its order.
func (s *site) headersView(p *page, it *item) error {
	raw, err := it.signedBytes()
	if err != nil {
		return err
	}
	h, err := mime.ReadHeader(raw)
	if err != nil {
		return err
	}
	p.html(`<dl class="kv msg">`)
	limit := len(p.b) + sourceLimit
	for _, f := range h.Fields {
		if len(p.b) > limit {
			p.html("<dt></dt><dd>")
			p.say("view.cut", val("Size", p.loc.size(int64(h.Body))))
			p.html("</dd>")
			break
		}
		p.html("<dt>")
		p.code(cut(f.Name(), listName))
		p.html(`</dt><dd class="mono"><bdi>`)
		p.marked(strings.TrimSpace(cutSigned(text(f.Value()), sourceLimit)), it.rec.Redactions, inText)
		p.html("</bdi></dd>\n")
	}
	p.html("</dl>\n")
	return nil
}

// sourceView writes the mail's exact bytes as text.
func (s *site) sourceView(p *page, it *item) error {
	raw, err := it.signedBytes()
	if err != nil {
		return err
	}
	source := cutSigned(text(raw[:min(len(raw), sourceLimit)]), sourceLimit)
	p.html("<pre")
	p.sayAttr("aria-label", "view.source")
	p.html(` tabindex="0"><code>`)
	p.marked(source, it.rec.Redactions, inBody)
	p.html("</code></pre>\n")
	if len(raw) > sourceLimit {
		p.html("<p>")
		p.say("view.cut", val("Size", p.loc.size(int64(len(raw)))))
		p.html("</p>\n")
	}
	return nil
}

// text is raw bytes as text: UTF-8 where they are, else Windows-1252; DOS line
// ends become plain ones.
func text(b []byte) string {
	s, _ := mime.ToUTF8(b, "")
	return strings.ReplaceAll(s, "\r\n", "\n")
}
