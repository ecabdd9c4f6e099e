package redact

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// piece is one piece of a parameter that is cut or encoded after RFC 2231.
type piece struct {
	name    string
	index   int
	encoded bool
	value   text
}

// pieced are the values of the parameters of a header field that are cut or
// encoded after RFC 2231, decoded, in every charset they may be in.
func pieced(t text) []text {
	byName := map[string][]piece{}
	for _, p := range pieces(t) {
		byName[p.name] = append(byName[p.name], p)
	}
	var list []text
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		ps := byName[name]
		slices.SortStableFunc(ps, func(a, b piece) int { return a.index - b.index })
		list = append(list, assembled(ps)...)
	}
	return list
}

func pieces(t text) []piece {
	var list []piece
	for i := 0; i < len(t.b); {
		end := paramEnd(t.b, i)
		if p, ok := newPiece(t.cut(i, end)); ok {
			list = append(list, p)
		}
		i = end + 1
	}
	return list
}

// paramEnd is where the parameter that begins at i ends: at a semicolon
// outside quotes.
func paramEnd(b []byte, i int) int {
	for quoted := false; i < len(b); i++ {
		switch b[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				return i
			}
		}
	}
	return min(i, len(b))
}

// newPiece reads "filename*1*=text" with white space around it.
func newPiece(t text) (piece, bool) {
	eq := bytes.IndexByte(t.b, '=')
	if eq < 0 {
		return piece{}, false
	}
	name, suffix, starred := strings.Cut(strings.TrimSpace(string(t.b[:eq])), "*")
	if !starred || len(name) > maxName {
		return piece{}, false
	}
	number, encoded := strings.CutSuffix(suffix, "*")
	index, _ := strconv.Atoi(number)
	from, to := eq+1, len(t.b)
	for from < to && bytes.IndexByte([]byte(" \t\r\n\""), t.b[from]) >= 0 {
		from++
	}
	for from < to && bytes.IndexByte([]byte(" \t\r\n\""), t.b[to-1]) >= 0 {
		to--
	}
	return piece{name: strings.ToLower(name), index: index, encoded: encoded || suffix == "", value: t.cut(from, to)}, true
}

// assembled joins pieces, the first encoded one of which names the charset
// (RFC 2231 section 4).
func assembled(ps []piece) []text {
	all := text{kin: mapped}
	charset := ""
	for _, p := range ps {
		v := p.value
		if p.encoded {
			if charset == "" {
				if quotes := bytes.SplitN(v.b, []byte("'"), 3); len(quotes) == 3 {
					charset = string(quotes[0])
					v = v.cut(len(quotes[0])+len(quotes[1])+2, len(v.b))
				}
			}
			v = percentBytes(v)
		}
		all.b = append(all.b, v.b...)
		for i := range v.b {
			if v.tracked() {
				all.at = append(all.at, v.span(i))
			}
		}
	}
	if len(all.at) < len(all.b) {
		all = blindly(all.b)
	}
	return readings(all, charset)
}
