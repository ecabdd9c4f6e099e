package mail

import (
	"strings"
	"testing"
)

func TestMessageIDs(t *testing.T) {
	for in, want := range map[string]string{
		" <a@b>\r\n <c@d>":                "a@b c@d",
		"<a@b><c@d>":                      "a@b c@d",
		"Your message of Mon <a@b> \"x\"": "a@b",
		"a@b, c@d text":                   "a@b c@d",
		"<a\r\n b@c>":                     "ab@c",
		"<> < <a@b":                       "a@b",
		"none":                            "",
		"":                                "",
		strings.Repeat("<", 1000) + "a@b" + ">>>": "a@b",
	} {
		if got := strings.Join(parseIDs([]byte(in)), " "); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{" <a@b> ": "a@b", "plain": "plain", " <only>": "only", "": ""} {
		if got := parseID([]byte(in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
