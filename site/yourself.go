package site

import (
	_ "embed"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"net/http"
	"strconv"
	"strings"

	"unseal/evidence"
	"unseal/trove"
)

// checkScript recomputes a proof file with the standard library of Python.
//
//go:embed check.py
var checkScript []byte

// The files that the commands on a page name are the names under which the
// site offers them: mail-5205.eml, mail-5205.proof.

// fileBase begins the names of the files that the site offers of an item.
func (it *item) fileBase() string { return string(it.coll.Name) + "-" + strconv.Itoa(it.number) }

// spicyTool is torchwood's checker of one entry's place in a log, at the
// release that our tests run.
const spicyTool = "go run filippo.io/torchwood/cmd/spicy@v0.9.0"

// yourself writes how anyone checks an item without us: with the program, in
// a browser, and with tools that others made.
func (s *site) yourself(p *page, it *item, j *judged) error {
	path, base := itemPath(it.coll.Name, it.number), it.fileBase()
	p.section("yourself", "", "verify.yourself")
	p.paragraph("verify.yourself-text")
	p.html("<ul><li>")
	p.anchor(path+it.suffix(), "verify.get-file")
	p.html("</li><li>")
	p.anchor(path+".proof", "verify.get-proof")
	p.html("</li><li>")
	p.anchor(path+".tlog-proof", "verify.get-entry")
	p.html("</li><li>")
	p.anchor(checkPath, "verify.get-script")
	p.html("</li></ul>\n")
	p.commands("tool.unseal", "unseal verify "+base+it.suffix()+" --proof "+base+".proof --log-key KEY")
	p.paragraph("verify.log-key")
	p.html("<p>")
	p.anchor(verifierPath, "verify.browser-get")
	p.html("</p></section>\n")

	p.section("others", "", "tool.heading")
	p.paragraph("tool.text")
	p.commands("tool.digest", "echo '"+it.row.SHA256.String()+"  "+base+it.suffix()+"' | sha256sum -c")
	p.commands("tool.python", "python3 check.py "+base+it.suffix()+" "+base+".proof KEY\n"+
		"openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in checkpoint.text -sigfile checkpoint.sig")
	p.commands("tool.log", logCommands(base))
	p.commands("gone.prove-unseal", proveCommand(it))
	p.html("</section>\n")
	return s.senderCommands(p, it, j)
}

// commands writes lines to paste, under a heading that says what they show.
func (p *page) commands(w word, lines string) {
	p.html("<h3>")
	p.say(w)
	p.html(`</h3><pre tabindex="0"><code>`)
	p.body(lines)
	p.html("</code></pre>\n")
}

// senderCommands writes how the sender's signatures are checked with openssl.
func (s *site) senderCommands(p *page, it *item, j *judged) error {
	if !j.done {
		return nil
	}
	raw, err := it.bytes()
	if err != nil {
		return err
	}
	for i := range j.Signatures {
		sig := &j.Signatures[i]
		if i == signaturesShown {
			break
		}
		if sig.Key == nil {
			continue
		}
		c, ok := evidence.Canonicalise(raw, i)
		key, known := keyBytes(sig.Key.Record)
		if !ok || !known {
			continue
		}
		p.senderCommand(it, i+1, sig, &c, key)
	}
	return nil
}

// signaturesShown is for how many signatures of a mail commands are written.
const signaturesShown = 4

func (p *page) senderCommand(it *item, n int, sig *evidence.Signature, c *evidence.Canonical, key []byte) {
	name := it.fileBase() + "-dkim-" + strconv.Itoa(n)
	path := itemPath(it.coll.Name, it.number) + "/dkim/" + strconv.Itoa(n)
	p.html("<section")
	p.attrNum("aria-labelledby", "dkim", n)
	p.html("><h2")
	p.attrNum("id", "dkim", n)
	p.html(">")
	p.say("tool.sender", code("Domain", cut(sig.Domain, nameMost)))
	p.html("</h2>\n")
	p.paragraph("tool.sender-found", with("Result", func(p *page) { p.say(signatureResults[string(sig.Outcome)]) }))
	p.paragraph("tool.sender-text")
	p.html("<ul><li>")
	p.anchor(path+".signed", "tool.signed")
	p.html("</li><li>")
	p.anchor(path+".body", "tool.body")
	p.html("</li></ul>\n")
	p.commands("tool.sender-key", keyCommand(c.Kind, key))
	p.commands("tool.sender-signature", signatureCommand(c, name))
	p.commands("tool.sender-body", "openssl dgst -"+c.Hash+" -binary "+name+".body | openssl base64 -A")
	p.html("<p>")
	p.say("tool.sender-hash", code("Hash", base64.StdEncoding.EncodeToString(c.BH)))
	p.html("</p></section>\n")
}

// keyCommand writes a key, as DNS has it, to key.pem.
func keyCommand(kind string, key []byte) string {
	text := "printf %s '" + base64.StdEncoding.EncodeToString(key) + "' | openssl base64 -d -A"
	if kind == "ed25519" { // RFC 8463 section 4: the 32 bytes alone; what RFC 8410 puts before them
		return "(printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; " + text + ") | openssl pkey -pubin -inform DER -out key.pem"
	}
	var bare struct{ N, E *big.Int }
	if _, err := asn1.Unmarshal(key, &bare); err == nil {
		return text + " | openssl rsa -RSAPublicKey_in -inform DER -pubout -out key.pem"
	}
	return text + " | openssl pkey -pubin -inform DER -out key.pem"
}

// signatureCommand checks b= with key.pem.
func signatureCommand(c *evidence.Canonical, name string) string {
	text := "printf %s '" + base64.StdEncoding.EncodeToString(c.B) + "' | openssl base64 -d -A > signature\n"
	if c.Kind == "ed25519" {
		return text + "openssl dgst -sha256 -binary " + name + ".signed > digest\n" +
			"openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in digest -sigfile signature"
	}
	return text + "openssl dgst -" + c.Hash + " -verify key.pem -signature signature " + name + ".signed"
}

// keyBytes is p= of the text of a key record.
func keyBytes(record string) ([]byte, bool) {
	for tag := range strings.SplitSeq(record, ";") {
		name, value, _ := strings.Cut(tag, "=")
		if strings.TrimSpace(name) != "p" {
			continue
		}
		value = strings.TrimRight(strings.Join(strings.Fields(value), ""), "=")
		b, err := base64.RawStdEncoding.DecodeString(value)
		return b, err == nil && len(b) > 0
	}
	return nil, false
}

// checkPath is where the script is offered.
const checkPath = "check.py"

func (s *site) script(w http.ResponseWriter, r *http.Request) error {
	sendFile(w, r, checkPath, "text/plain; charset=utf-8", checkScript)
	return nil
}

// senderBytes answers /c/mail/5205/dkim/1.signed and 1.body: what a signature
// is over, in the form that it names.
func (s *site) senderBytes(w http.ResponseWriter, r *http.Request, it *item, name string) error {
	number, form, _ := strings.Cut(name, ".")
	n := parseNumber(number)
	if n == 0 || it.rec.Kind != trove.Mail || it.rec.Verdict == trove.Redacted || form != "signed" && form != "body" {
		return missing("error.no-page")
	}
	raw, err := it.bytes()
	if err != nil {
		return err
	}
	c, ok := evidence.Canonicalise(raw, n-1)
	if !ok {
		return missing("error.no-signature")
	}
	b := c.Body
	if form == "signed" {
		b = c.Header
	}
	sendFile(w, r, it.fileBase()+"-dkim-"+number+"."+form, "application/octet-stream", b)
	return nil
}

// itemEntry answers 5205.tlog-proof: the place in the log of the newest entry
// about a number, whatever it says.
func (s *site) itemEntry(w http.ResponseWriter, r *http.Request, it *item) error {
	b, err := s.entryProof(it.index)
	if err != nil {
		return err
	}
	sendFile(w, r, it.fileBase()+".tlog-proof", "text/plain; charset=utf-8", b)
	return nil
}
