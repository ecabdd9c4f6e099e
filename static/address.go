package static

import (
	"crypto/sha256"
	"encoding/hex"
	"html"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// address is a place of the site: a path without the slash before it, decoded,
// and a query as it stands in the link.
type address struct{ path, query string }

// parseAddress reads a link that stands, escaped, on the page at from. It is
// false for what is no place of the site; base is the site's own address as the
// publisher states it, or empty.
func parseAddress(from address, link, base string) (a address, fragment string, ok bool) {
	link = html.UnescapeString(link)
	if base != "" {
		if rest, own := strings.CutPrefix(link, base+"/"); own {
			link = "/" + rest
		}
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" {
		return a, "", false
	}
	at := url.URL{Path: "/" + from.path, RawQuery: from.query}
	u = at.ResolveReference(u)
	return address{strings.TrimPrefix(u.Path, "/"), u.RawQuery}, u.EscapedFragment(), true
}

// plain matches the segments that are file names as they stand, on any system:
// lower case, since some file systems do not tell it from upper.
var plain = regexp.MustCompile(`^[a-z0-9_][a-z0-9_@-]*(\.[a-z0-9_@-]+)*$`)

// maxSegment keeps names within what file systems take, with what is added.
const maxSegment = 100

// reserved are names that Windows keeps for devices, whatever follows a dot.
var reserved = regexp.MustCompile(`^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)

// hashed begins the names that stand for what is no good name.
const hashed = "x-"

// segment is the file name of a segment of an address. A hostile one becomes
// its hash, which keeps a short ending.
func segment(s string) string {
	if plain.MatchString(s) && len(s) <= maxSegment && !reserved.MatchString(s) && !strings.HasPrefix(s, hashed) {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	name := hashed + hex.EncodeToString(sum[:16])
	if ext := strings.ToLower(path.Ext(s)); len(ext) <= 9 && plain.MatchString(strings.TrimPrefix(ext, ".")) {
		name += ext
	}
	return name
}

// simpleQuery matches the queries that name a part of a page.
var simpleQuery = regexp.MustCompile(`^[a-z]+=[a-z0-9]+(&[a-z]+=[a-z0-9]+)*$`)

// querySegment is the file name that stands for a query.
func querySegment(q string) string {
	if simpleQuery.MatchString(q) && len(q) <= maxSegment {
		return strings.NewReplacer("=", "-", "&", "_").Replace(q)
	}
	return segment("?" + q)
}

// segments are the file names of a path; one that ends in a slash ends so.
func segments(p string) string {
	if p == "" {
		return ""
	}
	parts := strings.Split(p, "/")
	for i, s := range parts {
		if s != "" || i < len(parts)-1 {
			parts[i] = segment(s)
		}
	}
	return strings.Join(parts, "/")
}

// pageFile is the file of the page at a.
func pageFile(a address) string {
	p := segments(a.path)
	switch {
	case a.query != "":
		if p != "" && !strings.HasSuffix(p, "/") {
			p += "/"
		}
		return p + querySegment(a.query) + ".html"
	case p == "" || strings.HasSuffix(p, "/"):
		return p + "index.html"
	}
	return p + ".html"
}

// relative is the way from one file to another.
func relative(from, to string) string {
	for {
		dir, rest, ok := strings.Cut(from, "/")
		if !ok || !strings.HasPrefix(to, dir+"/") {
			break
		}
		from, to = rest, to[len(dir)+1:]
	}
	return strings.Repeat("../", strings.Count(from, "/")) + to
}
