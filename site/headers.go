package site

import (
	"net/http"

	"unseal/verifier"
)

// The policies of reader.md, section 11. The view of a mail's HTML adds the
// frame it is shown in; downloads are sandboxed as well. Only verify.html has
// a script, which its policy allows by its digest.
const (
	policyPage     = "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	policyFrame    = policyPage + "; frame-src 'self'"
	policyDownload = "sandbox; " + policyPage
)

// Header values are shared slices: setting them costs no allocation, and
// nobody appends to them.
var (
	headerPolicyPage     = []string{policyPage}
	headerPolicyFrame    = []string{policyFrame}
	headerPolicyDownload = []string{policyDownload}
	headerPolicyVerifier = []string{verifier.Policy()}
	headerNoReferrer     = []string{"no-referrer"}
	headerNoSniff        = []string{"nosniff"}
	headerSameOrigin     = []string{"same-origin"}
	headerNoCache        = []string{"no-cache"}
	headerImmutable      = []string{"public, max-age=31536000, immutable"}
	headerHTML           = []string{"text/html; charset=utf-8"}
	headerJSON           = []string{"application/json; charset=utf-8"}
	headerCSV            = []string{"text/csv; charset=utf-8"}
	headerAtom           = []string{"application/atom+xml; charset=utf-8"}
	headerText           = []string{"text/plain; charset=utf-8"}
	headerCSS            = []string{"text/css; charset=utf-8"}
)

// setHeaders sets what every response carries, whatever its status.
func setHeaders(h http.Header) {
	h["Content-Security-Policy"] = headerPolicyPage
	h["Referrer-Policy"] = headerNoReferrer
	h["X-Content-Type-Options"] = headerNoSniff
	h["Cross-Origin-Opener-Policy"] = headerSameOrigin
	h["Cross-Origin-Resource-Policy"] = headerSameOrigin
	h["Cache-Control"] = headerNoCache
}
