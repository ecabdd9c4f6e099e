package site

import (
	"net/http"
	"strings"
)

// logPage answers /log: the checkpoint that signs everything.
func (s *site) logPage(w http.ResponseWriter, r *http.Request) error {
	if asJSON(r) {
		return sendJSON(w, r, http.StatusOK, s.logJSON())
	}
	return s.simplePage(w, r, "log.title", func(p *page) {
		cp := s.archive.Checkpoint()
		p.paragraph("log.text")
		if strings.HasPrefix(cp.Origin, demoOrigin) {
			p.html("<p>")
			p.tag("warn", "log.demo")
			p.html("</p>\n")
		}
		p.section("checkpoint", "panel", "log.checkpoint")
		p.html(`<dl class="kv">`)
		p.term("log.origin")
		p.code(cp.Origin)
		p.html("</dd>")
		p.term("log.size")
		p.num(int(cp.Size))
		p.html("</dd>")
		p.term("log.root")
		p.code(cp.Root.String())
		p.html("</dd></dl>\n<pre")
		p.sayAttr("aria-label", "log.checkpoint")
		p.html(` tabindex="0"><code>`)
		p.body(string(cp.Note))
		p.html("</code></pre><p>")
		p.anchor("log/checkpoint", "log.raw")
		p.html("</p></section>\n")
		p.section("commits", "", "log.collections")
		s.received(p)
		p.html("</section>\n")
		p.paragraph("log.mirror")
	})
}

// demoOrigin begins the name of a log whose key everyone knows (cli.md, "demo").
const demoOrigin = "demo."

// received writes what each collection commits to.
func (s *site) received(p *page) {
	if len(s.collections) == 0 {
		p.paragraph("about.nothing")
		return
	}
	p.html("<ul>")
	for _, c := range s.collections {
		p.html("<li><a")
		p.href("c/" + string(c.Name) + "/")
		p.html(">")
		p.say("about.received-text", val("Collection", c.Title), count(c.Committed), num("Published", c.published()))
		p.html("</a></li>")
	}
	p.html("</ul>\n")
}
