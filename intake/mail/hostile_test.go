package mail

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"unseal/mime"
	"unseal/mime/body"
)

// hostile are messages that a reader with a quadratic step would be lost in,
// of about n bytes each.
func hostile(n int) map[string]string {
	fill := func(unit string) string { return strings.Repeat(unit, n/len(unit)+1) }
	all := map[string]string{}
	for _, unit := range []string{
		"=?", "=?a?q?", "=?utf-8?q?a", "=?a?b?", "=?x?q?=?=", "=?u?q??=AB", "\"", "(", "((a)", "<", "<a", "<@", ":", "a:;", ",", "a,", "a@b ",
		"\\", "\"\\", "\"a\"@", "\x1b$B", "\xff", "=?utf-7?q?+", "=?iso-2022-kr?q?\x0e", ";a=", ";name*1*=%41", ";name*=a'b'%41", " -", "1-", "A:", "\t",
	} {
		for _, field := range []string{"Subject: ", "From: ", "Date: ", "References: ", "Message-ID: ", "Content-Disposition: attachment; filename=", "Content-Type: text/plain; name="} {
			value := fill(unit)
			all[field+unit] = field + value[:min(len(value), mime.MaxHeader/2)] + "\n\nbody"
		}
	}
	for _, unit := range []string{
		"<", "<b>", "<div>", "<h1><div>", "<blockquote>", "<blockquote>a<br>", "<a href=x>", "<a href='#", "<table>", "<td>", "&", "&amp;", "<!--", "<script>", "<style/>", "<title>", "<pre>\n", "</",
	} {
		all["HTML "+unit] = "Content-Type: text/html\n\n" + fill(unit)
	}
	for _, unit := range []string{"=", "=\n", "=4", " \n", " "} {
		all["quoted-printable "+unit] = "Content-Transfer-Encoding: quoted-printable\n\n" + fill(unit)
	}
	for _, unit := range []string{"=", "QQ==", "QQ==\n", "Q", "*"} {
		all["base64 "+unit] = "Content-Transfer-Encoding: base64\n\n" + fill(unit)
	}
	for _, charset := range []string{"", "utf-7", "iso-2022-jp", "hz-gb-2312", "iso-2022-kr", "utf-16", "big5", "x-unknown"} {
		for _, unit := range []string{"+", "\x1b$B", "~{", "\xff", "\x0e", "\x81"} {
			all["charset "+charset+" "+unit] = "Content-Type: text/plain; charset=" + charset + "\n\n" + fill(unit)
		}
	}
	var nest strings.Builder
	for i := range body.MaxDepth {
		fmt.Fprintf(&nest, "Content-Type: multipart/mixed; boundary=%060d\n\n--%060d\n", i, i)
	}
	all["dashes"] = nest.String() + "\n" + fill("--\n")
	all["boundaries, nearly"] = nest.String() + "\n" + fill("--"+strings.Repeat("0", 60)+"x\n")
	all["nested"] = strings.Repeat(nest.String(), n/nest.Len()+1)
	all["parts"] = "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\n\xe0\xe1\xef\n", body.MaxParts-2)
	all["messages"] = "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: message/rfc822\n\nA: b\n\n", body.MaxParts/2-1)
	foreign := base64.StdEncoding.EncodeToString([]byte("A: b\n\n" + strings.Repeat("\xe0\xe1\xef ", 20)))
	all["encoded messages, each a charset to guess"] = "Content-Type: multipart/mixed; boundary=b\n\n" +
		strings.Repeat("--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"+foreign+"\n\n", min(n/200, body.MaxParts-2))
	all["many parameters, many fields in an unnamed charset"] = "Content-Type: text/plain" + strings.Repeat(";a=b", n/8) + "\n" + strings.Repeat("Keywords: x\nCc: \xe4@b\n", 900) + "\nx"
	all["begin lines"] = "A: b\n\n" + fill("begin 644 x\n")
	all["begin lines with data"] = "A: b\n\n" + fill("begin 644 x\nMAAAA\n")
	all["uuencoded files"] = "A: b\n\n" + fill("begin 644 x\n#86)C\nend\n")
	return all
}

// TestHostileMailIsReadInTime holds every hostile message against the time
// limit of threats.md, with two orders of magnitude to spare for the machine.
func TestHostileMailIsReadInTime(t *testing.T) {
	size := 1 << 18
	if testing.Short() {
		size = 1 << 16
	}
	for name, raw := range hostile(size) {
		begin := time.Now()
		rec, text := Parse([]byte(raw))
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%q: %v", name, took)
		}
		if err := promised([]byte(raw), rec, text); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}
