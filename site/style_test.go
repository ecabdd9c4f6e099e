package site

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tokens reads the colours of a :root block.
func tokens(t *testing.T, css string) map[string]string {
	t.Helper()
	m := map[string]string{}
	for _, g := range regexp.MustCompile(`--([a-z0-9]+):(#[0-9a-f]{3,6})`).FindAllStringSubmatch(css, -1) {
		m[g[1]] = g[2]
	}
	if len(m) < 18 {
		t.Fatalf("only %d colours read", len(m))
	}
	return m
}

func luminance(hex string) float64 {
	hex = hex[1:]
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	l := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		l += weight * c
	}
	return l
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestColoursHaveEnoughContrast(t *testing.T) {
	light, rest, ok := strings.Cut(string(styleSheet), "@media(prefers-color-scheme:dark)")
	if !ok {
		t.Fatal("no dark colours")
	}
	dark, _, _ := strings.Cut(rest, "}}")
	pairs := []struct {
		fore, back string
		least      float64
	}{
		{"ink", "paper", 4.5}, {"ink", "surface", 4.5}, {"ink2", "paper", 4.5}, {"ink2", "surface", 4.5},
		{"link", "paper", 4.5}, {"link", "surface", 4.5}, {"visited", "paper", 4.5}, {"visited", "surface", 4.5},
		{"ok", "okbg", 4.5}, {"warn", "warnbg", 4.5}, {"bad", "badbg", 4.5}, {"ok", "surface", 3}, {"warn", "surface", 3}, {"bad", "surface", 3},
		{"ink", "mark", 4.5}, {"link", "mark", 4.5}, {"quote", "paper", 4.5}, {"paper", "link", 4.5},
		{"line", "paper", 3}, {"line", "surface", 3}, {"bar", "paper", 3}, {"bar", "surface", 3},
		{"focus", "paper", 3}, {"focus", "halo", 3},
	}
	for name, css := range map[string]string{"light": light, "dark": dark} {
		colour := tokens(t, css)
		for _, p := range pairs {
			if got := contrast(colour[p.fore], colour[p.back]); got < p.least {
				t.Errorf("%s: %s on %s is %.1f, want %.1f", name, p.fore, p.back, got, p.least)
			}
		}
	}
}

func TestStyleSheetIsSmallAndLoadsNothing(t *testing.T) {
	if len(styleSheet) > 10_000 {
		t.Errorf("style sheet has %d bytes, want 10,000 at most", len(styleSheet))
	}
	for _, bad := range []string{"url(", "@import", "@font-face", "http", "left:", "right:", "text-align:left", "text-align:right", "position:sticky"} {
		if strings.Contains(string(styleSheet), bad) {
			t.Errorf("style sheet contains %q", bad)
		}
	}
}
