package house

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// responder answers DNS over UDP on this machine: the texts of a name, no such
// name, or, for "broken", a failure.
func responder(t *testing.T, zone map[string][]string) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var q dnsmessage.Message
			if q.Unpack(buf[:n]) != nil || len(q.Questions) != 1 {
				continue
			}
			b, err := answer(q, zone).Pack()
			if err != nil {
				t.Error(err)
			}
			_, _ = conn.WriteTo(b, from)
		}
	}()
	return conn.LocalAddr().String()
}

func answer(q dnsmessage.Message, zone map[string][]string) *dnsmessage.Message {
	m := &dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true, RecursionAvailable: true, Authoritative: true}, Questions: q.Questions}
	name := q.Questions[0].Name
	texts, ok := zone[strings.TrimSuffix(name.String(), ".")]
	switch {
	case strings.HasPrefix(name.String(), "broken."):
		m.RCode = dnsmessage.RCodeServerFailure
	case !ok:
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, s := range texts {
		var pieces []string
		for ; len(s) > 100; s = s[100:] {
			pieces = append(pieces, s[:100])
		}
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: name, Type: dnsmessage.TypeTXT, Class: dnsmessage.ClassINET, TTL: 60},
			Body: &dnsmessage.TXTResource{TXT: append(pieces, s)}})
	}
	return m
}

func TestKeysAreFetchedFromDNS(t *testing.T) {
	long := "v=DKIM1; k=rsa; p=" + strings.Repeat("QUJD", 60)
	server := responder(t, map[string][]string{
		"s1._domainkey.example.org":   {"a text of another kind", long},
		"old._domainkey.example.org":  {"v=DKIM1; p="},
		"two._domainkey.example.org":  {"p=AA==", "p=BB=="},
		"text._domainkey.example.org": {"nothing of a key"},
	})
	d := openDesk(t, newDesk(t), ReadWrite)
	names := []string{"s1._domainkey.example.org", "old._domainkey.example.org", "never._domainkey.example.org", "two._domainkey.example.org",
		"text._domainkey.example.org", "broken._domainkey.example.org", "no-name"}
	list, added, err := d.FetchKeys(t.Context(), names, server, nil)
	if err != nil || added != 3 {
		t.Fatalf("%d keys added, %v", added, err)
	}
	var got []string
	for _, f := range list {
		got = append(got, f.Result)
	}
	if want := []string{"found", "revoked", "gone", "failed", "failed", "failed", "failed"}; !slices.Equal(got, want) {
		t.Errorf("answers %v, want %v: %+v", got, want, list)
	}
	keys, err := d.Keys()
	if err != nil {
		t.Fatal(err)
	}
	k := keys.Lookup("example.org", "s1", time.Time{})
	if len(k) != 1 || k[0].Record != long || !k[0].Seen[0].DNS || k[0].Seen[0].Where != server {
		t.Errorf("kept: %+v", k)
	}
	if k := keys.Lookup("example.org", "never", time.Time{}); len(k) != 1 || k[0].Gone.IsZero() || k[0].Record != "" {
		t.Errorf("what is gone is kept as %+v", k)
	}
	if k := keys.Lookup("example.org", "broken", time.Time{}); len(k) != 0 {
		t.Errorf("a failure says something of a key: %+v", k)
	}
}

func TestAskingDNSCanBeStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := openDesk(t, newDesk(t), ReadWrite).FetchKeys(ctx, []string{"s1._domainkey.example.org"}, "127.0.0.1:9", nil); err == nil {
		t.Error("it goes on")
	}
}
