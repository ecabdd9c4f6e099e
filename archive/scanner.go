package archive

import (
	"encoding/hex"
	"strconv"
	"time"

	"unseal/trove"
)

// scanner takes fields of known form off the front of a text: JSON as we write
// it, where reading any JSON would take most of the time of a verification.
// What it accepts, a JSON reader reads the same.
type scanner struct {
	rest []byte
	ok   bool
}

func (p *scanner) skip(prefix string) { p.ok = p.has(prefix) }

func (p *scanner) number(prefix string) int {
	return int(p.long(prefix, 32))
}

// long takes a number without a sign or leading zeros, of that many bits.
func (p *scanner) long(prefix string, bits int) int64 {
	p.skip(prefix)
	i := 0
	for i < len(p.rest) && p.rest[i] >= '0' && p.rest[i] <= '9' {
		i++
	}
	n, err := strconv.ParseInt(string(p.rest[:i]), 10, bits)
	p.ok = p.ok && err == nil && (i == 1 || p.rest[0] != '0')
	p.rest = p.rest[i:]
	return n
}

// has reports whether prefix comes next, and takes it.
func (p *scanner) has(prefix string) bool {
	if !p.ok || len(p.rest) < len(prefix) || string(p.rest[:len(prefix)]) != prefix {
		return false
	}
	p.rest = p.rest[len(prefix):]
	return true
}

// text takes a string of printable ASCII without escapes, and its closing quote.
func (p *scanner) text(prefix string) []byte {
	p.skip(prefix)
	i := 0
	for i < len(p.rest) && p.rest[i] != '"' && p.rest[i] != '\\' && p.rest[i] >= ' ' && p.rest[i] <= '~' {
		i++
	}
	if i == len(p.rest) || p.rest[i] != '"' {
		p.ok = false
		return nil
	}
	s := p.rest[:i]
	p.rest = p.rest[i+1:]
	return s
}

func (p *scanner) hex(prefix string, to []byte) {
	s := p.text(prefix)
	if len(s) != 2*len(to) {
		p.ok = false
		return
	}
	if _, err := hex.Decode(to, s); err != nil {
		p.ok = false
	}
}

func (p *scanner) time(prefix string) time.Time {
	var t time.Time
	err := t.UnmarshalText(p.text(prefix)) // strict, as for JSON
	p.ok = p.ok && err == nil
	return t
}

func (p *scanner) extent() Extent {
	e := Extent{p.long(`,"at":[`, 64), p.long(`,`, 64)}
	p.skip("]")
	return e
}

// scanManifest reads a manifest of the very form that Manifest.format writes.
func scanManifest(b []byte) (m Manifest, ok bool) {
	p := &scanner{rest: b, ok: true}
	m.Format = string(p.text(`{"format":"`))
	m.Collection = trove.CollectionName(p.text(`,"collection":"`))
	m.Batch = p.number(`,"batch":`)
	m.Edition = p.number(`,"edition":`)
	m.Published = p.time(`,"published":"`)
	m.Files = scanRows(p, "files", func() (f FileSum) {
		f.Name = string(p.text(`{"name":"`))
		f.Size = p.long(`,"size":`, 64)
		p.hex(`,"sha256":"`, f.SHA256[:])
		return f
	})
	m.Records = scanRows(p, "records", func() (g RecordGroup) {
		g.First = p.number(`{"first":`)
		g.Items = p.number(`,"items":`)
		g.Size = p.long(`,"size":`, 64)
		p.hex(`,"sha256":"`, g.SHA256[:])
		g.At = p.extent()
		return g
	})
	kind := trove.Mail // nearly always, and then without a copy of its own
	m.Items = scanRows(p, "items", func() (r Row) {
		r.Number = p.number(`{"number":`)
		if k := p.text(`,"kind":"`); string(k) != string(kind) {
			kind = trove.Kind(k)
		}
		r.Kind = kind
		if p.has(`,"date":"`) {
			r.Date = p.time("")
		}
		r.Edition = p.number(`,"edition":`)
		if p.has(`,"redactions":`) {
			r.Hidden = p.number("")
		}
		r.Size = p.long(`,"size":`, 64)
		p.hex(`,"sha256":"`, r.SHA256[:])
		r.Name = string(p.text(`,"name":"`))
		r.At = p.extent()
		return r
	})
	p.skip("}\n")
	return m, p.ok && len(p.rest) == 0
}

// scanRows takes a list whose elements end before a closing brace, a line each.
func scanRows[T any](p *scanner, name string, row func() T) (list []T) {
	p.skip(",\n\"" + name + "\":[")
	for first := true; p.ok && !p.has("]"); first = false {
		if !first {
			p.skip(",")
		}
		p.skip("\n")
		list = append(list, row())
		p.skip("}")
	}
	return list
}
