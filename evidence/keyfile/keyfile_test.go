package keyfile

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"unseal/evidence"
)

var p = base64.StdEncoding.EncodeToString([]byte("thirty-two bytes of a public key"))

func key(name, record, where string) evidence.Key {
	selector, domain, _ := strings.Cut(name, "._domainkey.")
	return evidence.Key{Domain: domain, Selector: selector, Record: record, Seen: []evidence.Sighting{{Where: where}}}
}

var ignore = cmpopts.IgnoreUnexported(evidence.Key{})

func TestEveryFormIsRead(t *testing.T) {
	record := "v=DKIM1; k=ed25519; p=" + p
	dug := evidence.Sighting{Where: "dig 192.0.2.53#53(192.0.2.53)", When: time.Date(2016, 10, 9, 8, 7, 6, 0, time.UTC)}
	for name, c := range map[string]struct {
		data string
		want []evidence.Key
	}{
		"lines": {
			"# keys\ns1._domainkey.example.org " + record + "\r\nS2._domainkey.mail.Example.ORG.\tk=rsa; p=" + p + "\n\nother.example.org v=spf1 -all\n",
			[]evidence.Key{key("s1._domainkey.example.org", record, "file"), key("s2._domainkey.mail.example.org", "k=rsa; p="+p, "file")},
		},
		"JSON with sources": {
			`{"s1._domainkey.example.org": [{"txt": "` + record + `", "sources": ["a", "b"], "note": "n"}, {"txt": "p="}], "spf.example.org": ["v=spf1"]}`,
			[]evidence.Key{
				{Domain: "example.org", Selector: "s1", Record: record, Seen: []evidence.Sighting{{Where: "a"}, {Where: "b"}}, Note: "n"},
				key("s1._domainkey.example.org", "p=", "file"),
			},
		},
		"JSON of texts":  {`{"s1._domainkey.example.org": "` + record + `"}`, []evidence.Key{key("s1._domainkey.example.org", record, "file")}},
		"JSON in pieces": {`{"s1._domainkey.example.org": {"TXT": [["v=DKIM1; k=ed25519; ", "p=` + p + `"]]}}`, []evidence.Key{key("s1._domainkey.example.org", record, "file")}},
		"our own": {
			`{"domain":"example.org","selector":"s1","record":"` + record + `","gone":"2017-01-01T00:00:00Z"}` + "\n" + `{"domain":"example.org","selector":"s2","gone":"2017-01-01T00:00:00Z"}` + "\n",
			[]evidence.Key{
				{Domain: "example.org", Selector: "s1", Record: record, Seen: []evidence.Sighting{{Where: "file"}}, Gone: time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)},
				{Domain: "example.org", Selector: "s2", Gone: time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)},
			},
		},
		"zone file": {
			"$TTL 3600\n$ORIGIN example.org.\n@ IN SOA ns. admin. ( 1 2\n 3 4 5 ) ; \"serial\n" +
				"s1._domainkey 3600 IN TXT ( \"v=DKIM1; k=ed25519; \" ; a comment\n\t\"p=" + p + "\" )\n" +
				" IN TXT \"v=DKIM1\\; p=\"\n" +
				"s2._domainkey.example.net. TXT \"k=rsa; n=a\\034b\\\\c; p=\"\n" +
				"mail IN A 192.0.2.1\n",
			[]evidence.Key{key("s1._domainkey.example.org", record, "file"), key("s1._domainkey.example.org", "v=DKIM1; p=", "file"), key("s2._domainkey.example.net", "k=rsa; n=a\"b\\c; p=", "file")},
		},
		"dig": {
			"\n; <<>> DiG 9.10 <<>> txt s1._domainkey.example.org\n;; global options: +cmd\n;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n\n" +
				";; QUESTION SECTION:\n;s1._domainkey.example.org.\tIN\tTXT\n\n;; ANSWER SECTION:\ns1._domainkey.example.org. 300 IN\tTXT\t\"v=DKIM1; k=ed25519; \" \"p=" + p + "\"\n\n" +
				";; Query time: 1 msec\n;; SERVER: 192.0.2.53#53(192.0.2.53)\n;; WHEN: Sun Oct 09 08:07:06 UTC 2016\n\n" +
				";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 2\n;; QUESTION SECTION:\n;gone._domainkey.example.org.\tIN\tTXT\n\n" +
				";; AUTHORITY SECTION:\nexample.org. 60 IN SOA ns. admin. 1 2 3 4 5\n;; SERVER: 192.0.2.53#53(192.0.2.53)\n;; WHEN: Sun Oct 09 08:07:06 UTC 2016\n",
			[]evidence.Key{
				{Domain: "example.org", Selector: "s1", Record: record, Seen: []evidence.Sighting{dug}},
				{Domain: "example.org", Selector: "gone", Seen: []evidence.Sighting{}, Gone: dug.When, Note: "no such name: " + dug.Where},
			},
		},
	} {
		got, errs := Parse([]byte(c.data), "file")
		for _, err := range errs {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got, ignore); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		got, _ = Parse([]byte(strings.ReplaceAll(c.data, "\n", "\r\n")), "file")
		if diff := cmp.Diff(c.want, got, ignore); diff != "" {
			t.Errorf("%s with CRLF (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatCannotBeReadIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		keys int
		want string
	}{
		"nothing":        {"", 0, "file: no key records found"},
		"no keys":        {"hello\nworld\n", 0, "file: no key records found"},
		"broken JSON":    {`{"s1._domainkey.example.org": `, 0, "file: at byte"},
		"other JSON":     {`{"s1._domainkey.example.org": 7, "s2._domainkey.example.org": "p="}`, 1, `file: "s1._domainkey.example.org": not a form`},
		"own, bad name":  {`{"domain":"a b","selector":"s"}` + "\n" + `{"domain":"a.b","selector":"s"}`, 1, `file: before byte 31: "s._domainkey.a b" is no key name`},
		"open quote":     {"s1._domainkey.a.b. TXT \"v=DKIM1\ns2._domainkey.a.b. TXT \"p=\"\n", 1, "file: line 1: a quoted string does not end"},
		"open bracket":   {"s2._domainkey.a.b. TXT \"p=\"\n\ns1._domainkey.a.b. TXT ( \"v=DKIM1\"\n", 1, "file: line 3: a quoted string or parenthesis does not end"},
		"list in object": {`{"a._domainkey.b.c": [["p="], {"txt": 5}]}`, 1, "not a form"},
	} {
		keys, errs := Parse([]byte(c.data), "file")
		if len(keys) != c.keys || len(errs) != 1 || !strings.Contains(errs[0].Error(), c.want) {
			t.Errorf("%s: %d keys, %v; want %d, %q", name, len(keys), errs, c.keys, c.want)
		}
	}
}

func TestAnArchiveReadsBackToItself(t *testing.T) {
	var ks evidence.Keys
	when := time.Date(2016, 10, 9, 8, 7, 6, 0, time.UTC)
	ks.Add(evidence.Key{Domain: "example.org", Selector: "b", Record: "p=<&>", Seen: []evidence.Sighting{{Where: "x", When: when, DNS: true}}, From: when, Until: when, Note: "n"})
	ks.Add(evidence.Key{Domain: "example.org", Selector: "a", Gone: when})
	ks.Add(evidence.Key{Domain: "a.example", Selector: "z", Record: "v=DKIM1; p=" + p, Seen: []evidence.Sighting{{Where: "y"}}})
	text, err := Encode(&ks)
	if err != nil {
		t.Fatal(err)
	}
	list, errs := Parse(text, "file")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var back evidence.Keys
	for _, k := range list {
		back.Add(k)
	}
	if diff := cmp.Diff(ks.All(), back.All(), ignore); diff != "" {
		t.Errorf("(-was +is):\n%s", diff)
	}
	again, err := Encode(&back)
	if err != nil || string(again) != string(text) {
		t.Errorf("not the same text: %v\n%s\n%s", err, text, again)
	}
}

// FuzzParse: no input makes it panic, and what it gives can be kept and read back.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"s1._domainkey.example.org": [{"txt": "p=", "sources": ["a"]}, "x", ["y"]]}`))
	f.Add([]byte("s1._domainkey.example.org v=DKIM1; p=\n$ORIGIN a.b.\nx TXT ( \"a\\010\" ; c\n b ) \n"))
	f.Add([]byte(";; status: NXDOMAIN,\n;x._domainkey.a.b IN TXT\n;; WHEN: Sun Oct 09 08:07:06 UTC 2016\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, errs := Parse(data, "fuzz")
		if len(list) == 0 && len(errs) == 0 {
			t.Fatal("nothing said")
		}
		var ks evidence.Keys
		for _, k := range list {
			ks.Add(k)
		}
		text, err := Encode(&ks)
		if err != nil {
			return // a year beyond 9999 in our own format
		}
		if _, errs := Parse(text, "fuzz"); len(list) > 0 && len(errs) > 0 {
			t.Fatalf("own format not read back: %v\n%s", errs, text)
		}
	})
}
