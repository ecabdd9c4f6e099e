// Package keyfile reads and writes archives of DKIM keys in the forms in which
// they are handed around. It is no part of what is proven: a key's text goes
// to the room evidence, which reads and judges it.
package keyfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"unseal/evidence"
)

// Parse reads key records in any of the forms they are handed around in:
//
//   - our own: one JSON object a line, as [Encode] writes
//   - a JSON object from names to records: strings, lists of strings, lists of
//     {"txt", "sources", "note"}, or {"TXT": [["piece", "piece"]]}
//   - lines "name record", as OpenDKIM's TestPublicKeys
//   - zone files and the output of dig, whose WHEN and SERVER lines become the
//     sighting; an answer NXDOMAIN to a question becomes "gone"
//
// where says what the data is (a file name, say) and stands as the sighting
// of records that name no source themselves. What cannot be read is in the
// errors, each naming its place; the rest is still returned. Records that are
// no key records (SPF, say) are passed over. The keys are in no archive yet:
// give them to [evidence.Keys.Add].
func Parse(data []byte, where string) ([]evidence.Key, []error) {
	p := keyParser{where: where}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		p.json(data)
	} else {
		p.zone(data)
	}
	if len(p.keys) == 0 && len(p.errs) == 0 {
		p.fail("%s: no key records found", where)
	}
	return p.keys, p.errs
}

type keyParser struct {
	where string
	keys  []evidence.Key
	errs  []error
}

func (p *keyParser) fail(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf(format, args...))
}

// add takes in a record under its DNS name; seen may be nil.
func (p *keyParser) add(name, record string, seen []evidence.Sighting, note string) *evidence.Key {
	selector, domain, ok := splitKeyName(name)
	if !ok {
		return nil
	}
	if seen == nil {
		seen = []evidence.Sighting{{Where: p.where}}
	}
	p.keys = append(p.keys, evidence.Key{Domain: domain, Selector: selector, Record: strings.TrimSpace(record), Seen: seen, Note: note})
	return &p.keys[len(p.keys)-1]
}

// splitKeyName takes "s._domainkey.d" apart; the final dot of DNS may be there.
func splitKeyName(name string) (selector, domain string, ok bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	selector, domain, ok = strings.Cut(name, "._domainkey.")
	return selector, domain, ok && selector != "" && domain != "" && !strings.ContainsAny(name, " \t\r\n\"")
}

func (p *keyParser) json(data []byte) {
	dec := json.NewDecoder(bytes.NewReader(data))
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			p.fail("%s: at byte %d: %w", p.where, dec.InputOffset(), err)
			return
		}
		var own evidence.Key
		if err := json.Unmarshal(raw, &own); err == nil && own.Domain != "" && own.Selector != "" {
			if _, _, ok := splitKeyName(own.Name()); !ok {
				p.fail("%s: before byte %d: %q is no key name", p.where, dec.InputOffset(), own.Name())
				continue
			}
			if own.Seen == nil && own.Record != "" {
				own.Seen = []evidence.Sighting{{Where: p.where}}
			}
			p.keys = append(p.keys, own)
			continue
		}
		p.jsonNames(raw)
	}
}

// jsonNames reads an object from names to records, in the object's order.
func (p *keyParser) jsonNames(raw json.RawMessage) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		p.fail("%s: not an object of key names", p.where)
		return
	}
	for dec.More() {
		name, err := dec.Token()
		var records json.RawMessage
		if err == nil {
			err = dec.Decode(&records)
		}
		if err != nil {
			p.fail("%s: at byte %d: %w", p.where, dec.InputOffset(), err)
			return
		}
		if n, _ := name.(string); !p.jsonRecords(n, records) {
			p.fail("%s: %q: not a form of record that is known", p.where, n)
		}
	}
}

func (p *keyParser) jsonRecords(name string, raw json.RawMessage) bool {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		p.add(name, text, nil, "")
		return true
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for _, e := range list {
			if !p.jsonRecords(name, e) {
				return false
			}
		}
		return true
	}
	var entry map[string]json.RawMessage
	var pieces [][]string
	if json.Unmarshal(raw, &entry) != nil {
		return false
	}
	if json.Unmarshal(entry["TXT"], &pieces) == nil {
		for _, record := range pieces {
			p.add(name, strings.Join(record, ""), nil, "")
		}
		return true
	}
	var note string
	var sources []string
	if json.Unmarshal(entry["txt"], &text) != nil || optional(entry["sources"], &sources) != nil || optional(entry["note"], &note) != nil {
		return false
	}
	var seen []evidence.Sighting
	for _, s := range sources {
		seen = append(seen, evidence.Sighting{Where: s})
	}
	p.add(name, text, seen, note)
	return true
}

func optional(raw json.RawMessage, into any) error {
	if raw == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// zoneState is what lines of a zone file or of dig inherit from those before.
type zoneState struct {
	origin, owner string
	status        string // of dig's answer
	asked         string // dig's question
	first         int    // keys of this answer begin here
	seen          evidence.Sighting
}

// zone reads zone files (RFC 1035 section 5), dig, and "name record" lines.
func (p *keyParser) zone(data []byte) {
	var st zoneState
	rest, line := string(data), 1
	for rest != "" {
		text, after, _ := strings.Cut(rest, "\n")
		text = strings.TrimRight(text, "\r")
		name, record, isPair := pair(text)
		switch {
		case strings.HasPrefix(text, ";"):
			p.digLine(&st, text)
		case isPair:
			p.add(name, record, nil, "")
		default:
			var tokens []token
			var err error
			if tokens, after, err = zoneEntry(rest); err != nil {
				p.fail("%s: line %d: %w", p.where, line, err)
			} else {
				p.zoneRecord(&st, tokens, text[:min(1, len(text))])
			}
		}
		line += strings.Count(rest[:len(rest)-len(after)], "\n")
		rest = after
	}
	p.endAnswer(&st)
}

// pair reads a line "name record": what follows the name begins with a tag.
func pair(line string) (name, record string, ok bool) {
	i := strings.IndexAny(line, " \t")
	if i < 0 || !strings.Contains(line[:i], "._domainkey.") {
		return "", "", false
	}
	record = strings.TrimSpace(line[i:])
	tagName, _, ok := strings.Cut(record, "=")
	return line[:i], record, ok && isWord(strings.TrimSpace(tagName))
}

// digLine reads what dig says about its answer in comments. WHEN is true to
// within a day: short names of time zones have no fixed meaning, and UTC is
// taken for those that Go does not know.
func (p *keyParser) digLine(st *zoneState, line string) {
	if _, rest, ok := strings.Cut(line, "status: "); ok {
		p.endAnswer(st)
		*st = zoneState{first: len(p.keys)}
		st.status, _, _ = strings.Cut(rest, ",")
	} else if f := strings.Fields(line); len(f) == 3 && f[1] == "IN" && f[2] == "TXT" {
		st.asked = strings.TrimLeft(f[0], ";")
	} else if rest, ok := strings.CutPrefix(line, ";; SERVER: "); ok {
		st.seen.Where = "dig " + rest
	} else if rest, ok := strings.CutPrefix(line, ";; WHEN: "); ok {
		for _, layout := range []string{time.UnixDate, time.ANSIC} {
			if t, err := time.Parse(layout, strings.TrimSpace(rest)); err == nil {
				st.seen.When = t.UTC()
			}
		}
	}
}

// endAnswer gives the keys of one answer of dig their time and place.
func (p *keyParser) endAnswer(st *zoneState) {
	if st.seen == (evidence.Sighting{}) {
		return
	}
	if st.seen.Where == "" {
		st.seen.Where = p.where
	}
	for i := st.first; i < len(p.keys); i++ {
		p.keys[i].Seen = []evidence.Sighting{st.seen}
	}
	if st.status == "NXDOMAIN" && len(p.keys) == st.first {
		if k := p.add(st.asked, "", []evidence.Sighting{}, ""); k != nil {
			k.Gone = st.seen.When
			k.Note = "no such name: " + st.seen.Where
		}
	}
}

// zoneRecord takes in one entry of a zone file; indent is its first byte.
func (p *keyParser) zoneRecord(st *zoneState, tokens []token, indent string) {
	if len(tokens) == 0 {
		return
	}
	if len(tokens) == 2 && tokens[0].text == "$ORIGIN" {
		st.origin = tokens[1].text
		return
	}
	if indent != " " && indent != "\t" {
		st.owner = tokens[0].text
		tokens = tokens[1:]
	}
	at := slices.IndexFunc(tokens, func(t token) bool { return !t.quoted && strings.EqualFold(t.text, "TXT") })
	if at < 0 || at > 2 { // before the type stand at most a time to live and a class
		return
	}
	name := st.owner
	if !strings.HasSuffix(name, ".") && st.origin != "" {
		name += "." + st.origin
	}
	var record strings.Builder
	for _, t := range tokens[at+1:] {
		record.WriteString(t.text)
	}
	p.add(name, record.String(), nil, "")
}

// token is a word or a quoted string of a zone file, escapes undone.
type token struct {
	text   string
	quoted bool
}

// zoneEntry reads the tokens of one entry, which ends at a line end outside
// parentheses and quotes, and gives back what follows (RFC 1035 section 5.1).
func zoneEntry(s string) (tokens []token, rest string, err error) {
	var word []byte
	in, depth := byte(0), 0 // in: 'w' in a word, '"' in a quoted string
	end := func() {
		if in != 0 {
			tokens = append(tokens, token{string(word), in == '"'})
		}
		in, word = 0, word[:0]
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			if in == 0 {
				in = 'w'
			}
			n, width := unescape(s[i+1:])
			word = append(word, n)
			i += width
		case c == '"' && in == '"':
			end()
		case in == '"' && c != '\n':
			word = append(word, c)
		case in == '"':
			return nil, s[i+1:], errors.New("a quoted string does not end")
		case c == '"':
			end()
			in = '"'
		case c == ';':
			end()
			for i+1 < len(s) && s[i+1] != '\n' {
				i++
			}
		case c == '(' || c == ')':
			end()
			depth += 1 - 2*int(c-'(')
		case c == '\n' && depth <= 0:
			end()
			return tokens, s[i+1:], nil
		case strings.IndexByte(" \t\r\n", c) >= 0:
			end()
		default:
			in = 'w'
			word = append(word, c)
		}
	}
	if in == '"' || depth > 0 {
		err = errors.New("a quoted string or parenthesis does not end")
	}
	end()
	return tokens, "", err
}

// unescape reads what follows a backslash: DDD in decimal, or one character.
func unescape(s string) (c byte, width int) {
	if len(s) >= 3 {
		if n, err := strconv.ParseUint(s[:3], 10, 8); err == nil {
			return byte(n), 3
		}
	}
	return s[0], 1
}

// Encode writes an archive in its own format, one JSON object a line in the
// order of [evidence.Keys.All]; [Parse] reads it back.
func Encode(keys *evidence.Keys) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for _, k := range keys.All() {
		if err := enc.Encode(k); err != nil {
			return nil, err
		}
	}
	return buf.Bytes(), nil
}

// isWord reports whether s could be the name of a tag (RFC 6376 section 3.2).
func isWord(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}
