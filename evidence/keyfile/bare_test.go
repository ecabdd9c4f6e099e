package keyfile

import "testing"

func TestBareRecords(t *testing.T) {
	for in, want := range map[string]string{
		"v=DKIM1; k=rsa; p=AbC=\n":                    "v=DKIM1; k=rsa; p=AbC=",
		"\xef\xbb\xbfp=AbC=":                          "p=AbC=",
		"k=rsa; p=Ab\r\n C=\r\n":                      "k=rsa; p=Ab C=",
		"\"v=DKIM1; k=rsa; \" \"p=Ab\" \"C=\"\n":      "v=DKIM1; k=rsa; p=AbC=",
		"\"v=DKIM1\\; p=\"":                           "v=DKIM1; p=",
		"":                                            "",
		"v=spf1 include:example.org -all":             "",
		"s._domainkey.example.org p=AbC=":             "",
		"s._domainkey.example.org. IN TXT \"p=AbC=\"": "",
		"; <<>> DiG <<>>\ns._domainkey.example.org. 1 IN TXT \"p=AbC=\"": "",
		`{"s._domainkey.example.org": "p=AbC="}`:                         "",
		"\"p=Ab\"\n\"p=Cd\"":                                             "", // two records
		"\"p=Ab":                                                         "",
	} {
		got, ok := Bare([]byte(in))
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, ok, want)
		}
	}
}
