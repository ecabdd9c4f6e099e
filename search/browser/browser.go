// Package browser is the search page of a collection among files: a static
// host, a mirror or a folder on a disk, where no program answers. Its script
// (TypeScript in src, generated into search.js) is a second reader of the
// segments of search/segment, with the same query language, the same folding,
// and the same hits, counts and orders.
//
// The page lies beside the segment and reads ranges of it, never the whole:
//
//	search.html     Page
//	search.seg      one segment with all that can be found
//	search/index.js Index, for pages opened from a disk, and
//	search/s-*.js   Shard, the stretches of the segment
//	search.js       Script, wherever Options.Script says
//
// The query stands behind the '#' of the address, which browsers keep to
// themselves: a host sees which bytes are read and never what was asked. Every
// 4096 bytes are held against their checksum before their use, and every number
// is held within its bounds, so that a file that was altered is refused with a
// sentence.
//
// An item is expected at ../COLLECTION/NUMBER.html from the page. The segment
// must hold no item that may not be read, and of each item one edition.
package browser

import (
	"context"
	_ "embed" // the script
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"unseal/search"
)

//go:generate go test -run TestTheScriptIsMadeFromItsSource -update

//go:embed search.js
var script []byte

// Script is the page's script. Nobody may change it.
func Script() []byte { return script }

// Options say in which words a page searches, and where other pages lie, all
// as ways from the page.
type Options struct {
	Lang, Dir string            // BCP 47; ltr or rtl
	Site      string            // the name of the archive
	Title     string            // of the collection
	Words     map[string]string // of the page, as site.Words gives them
	Style     string            // the style sheet of the site
	Script    string            // what Script returns
	Nav       []Link            // the bar: first the home page, last the help
	Browse    string            // where everything published can be browsed
	Langs     []string          // of the items, as Languages finds them; nil lets the page load a column to count them
}

// Link is a way to another page and its words.
type Link struct{ Href, Text string }

// Page is the search page of a collection. Without script it says how to search
// with the program, and where to browse.
func Page(o Options) []byte {
	words, err := json.Marshal(o.Words) // escapes <, > and &
	if err != nil {
		panic(err) // strings can be marshalled
	}
	var nav strings.Builder
	for i, l := range o.Nav {
		if i == 0 {
			fmt.Fprintf(&nav, "<a class=\"name\" href=\"%s\"><bdi>%s</bdi></a><nav aria-label=\"%s\">", html.EscapeString(l.Href), html.EscapeString(l.Text), o.say("nav.site"))
			continue
		}
		fmt.Fprintf(&nav, "<a href=\"%s\">%s</a>\n", html.EscapeString(l.Href), html.EscapeString(l.Text))
	}
	if len(o.Nav) > 0 {
		nav.WriteString("</nav>")
	}
	langs := ""
	if o.Langs != nil {
		langs = ` data-langs="` + html.EscapeString(strings.Join(o.Langs, " ")) + `"`
	}
	return []byte(strings.NewReplacer(
		"{{lang}}", html.EscapeString(o.Lang), "{{dir}}", html.EscapeString(o.Dir), "{{policy}}", policy,
		"{{title}}", html.EscapeString(o.Title), "{{site}}", html.EscapeString(o.Site), "{{style}}", html.EscapeString(o.Style),
		"{{script}}", html.EscapeString(o.Script), "{{browse}}", html.EscapeString(o.Browse), "{{nav}}", nav.String(), "{{langs}}", langs, "{{words}}", string(words),
		"{{skip}}", o.say("nav.skip"), "{{search}}", o.say("search.title"), "{{program}}", o.say("static.program"),
		"{{program-text}}", o.say("static.program-text"), "{{browse-text}}", o.say("nav.browse"),
	).Replace(page))
}

func (o *Options) say(word string) string { return html.EscapeString(o.Words[word]) }

// langShare is the least share of the items with a language that makes it one
// of the index, as one in so many (search/segment, langShare).
const langShare = 200

// Languages are the languages of the items of an index in which the page looks
// for other forms of words.
func Languages(ctx context.Context, ix search.Index) ([]string, error) {
	res, err := ix.Search(ctx, search.Request{Facets: []string{search.FacetLanguage}})
	if err != nil {
		return nil, fmt.Errorf("languages of an index: %w", err)
	}
	counts, sum := map[string]int{}, 0
	for _, v := range res.Facets[search.FacetLanguage].Values {
		tag, _, _ := strings.Cut(v.Value, "-")
		counts[tag] += v.Count
		sum += v.Count
	}
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n*langShare < sum })
	return append([]string{}, slices.Sorted(maps.Keys(counts))...), nil
}

// policy allows the page's own script and style sheet, and the segment beside
// it; file: is what some browsers want for 'self' from a disk.
const policy = "default-src 'none'; script-src 'self' file:; style-src 'self' file:; connect-src 'self'; form-action 'none'; base-uri 'none'"

// page is the page with places for what differs.
const page = `<!doctype html>
<html lang="{{lang}}" dir="{{dir}}"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{{policy}}"><title>{{search}}: {{title}} - {{site}}</title><meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer"><link rel="stylesheet" href="{{style}}"></head>
<body>
<a class="skip" href="#main">{{skip}}</a><header class="bar">{{nav}}</header>
<main id="main" tabindex="-1"><h1>{{search}}: <bdi>{{title}}</bdi></h1>
<div id="app"{{langs}} hidden></div>
<section id="plain" aria-labelledby="program"><h2 id="program">{{program}}</h2><p>{{program-text}}</p>
<pre><code>unseal -C archive search 'from:mary schedule'</code></pre>
<p><a href="{{browse}}">{{browse-text}}</a></p></section>
</main>
<script type="application/json" id="words">{{words}}</script>
<script src="{{script}}"></script>
</body></html>
`

// ShardSize is how much of a segment one shard holds.
const ShardSize = 256 << 10

// IndexName and ShardName are the names of the scripts for pages opened from a
// disk, from the page.
const IndexName = "search/index.js"

// ShardName is the name of shard n, from 0.
func ShardName(n int) string { return fmt.Sprintf("search/s-%06d.js", n) }

// Shards is how many shards a segment of size bytes has.
func Shards(size int64) int { return int((size + ShardSize - 1) / ShardSize) }

// Index is the script that tells how large the segment and its shards are.
func Index(size int64) []byte { return fmt.Appendf(nil, "unsealIndex(%d,%d);\n", size, ShardSize) }

// Shard is the script of shard n, from 0, of a segment of size bytes: pages
// opened from a disk may run scripts beside them, and read nothing else.
func Shard(r io.ReaderAt, size int64, n int) ([]byte, error) {
	off := int64(n) * ShardSize
	if off < 0 || off >= size {
		return nil, errors.New("no such shard")
	}
	data := make([]byte, min(ShardSize, size-off))
	if got, err := r.ReadAt(data, off); got < len(data) {
		return nil, fmt.Errorf("read shard: %w", err)
	}
	b := slices.Grow(strconv.AppendInt([]byte("unsealShard("), int64(n), 10), base64.StdEncoding.EncodedLen(len(data))+8)
	b = base64.StdEncoding.AppendEncode(append(b, ",\""...), data)
	return append(b, "\");\n"...), nil
}
