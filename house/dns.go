package house

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"unseal/catalog"
	"unseal/evidence"
	"unseal/release"
	"unseal/trove"
)

// The bounds of asking DNS.
const (
	dnsTimeout   = 10 * time.Second
	dnsJobs      = 4
	maxDNSRecord = 16 << 10 // of one name, all its strings together
)

// Fetched is what DNS answered to one name.
type Fetched struct {
	Name   string `json:"name"`
	Result string `json:"result"` // found, revoked, gone, failed
	Record string `json:"record,omitempty"`
	Cause  string `json:"cause,omitempty"` // of failed
	key    evidence.Key
}

// FetchKeys asks DNS for key records and adds what it answers to the desk's
// archive of senders' keys: a record as seen today, an answer that there is
// none as gone today. server is an address such as 9.9.9.9:53, empty for the
// resolver of this machine. A name that could not be asked for says nothing of
// the key and is listed as failed. Durable on return. progress may be nil.
func (d *Desk) FetchKeys(ctx context.Context, names []string, server string, progress func(done, total int)) ([]Fetched, int, error) {
	list := make([]Fetched, len(names))
	r := resolver(server)
	var mu sync.Mutex
	done := 0
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(dnsJobs)
	for i, name := range names {
		g.Go(func() error {
			list[i] = ask(within, r, name, cmp.Or(server, "the resolver of this machine"), d.Now())
			mu.Lock()
			defer mu.Unlock()
			if done++; progress != nil {
				progress(done, len(names))
			}
			return within.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, 0, err
	}
	var keys []evidence.Key
	for _, f := range list {
		if f.Result != "failed" {
			keys = append(keys, f.key)
		}
	}
	_, added, err := d.addKeys(keys)
	return list, added, err
}

func resolver(server string) *net.Resolver {
	if server == "" {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server)
	}}
}

// ask looks one name up.
func ask(ctx context.Context, r *net.Resolver, name, where string, now time.Time) Fetched {
	ctx, stop := context.WithTimeout(ctx, dnsTimeout)
	defer stop()
	f := Fetched{Name: name}
	selector, domain, ok := strings.Cut(name, "._domainkey.")
	if !ok || selector == "" || domain == "" {
		f.Result, f.Cause = "failed", "not of the form SELECTOR._domainkey.DOMAIN"
		return f
	}
	f.key = evidence.Key{Domain: strings.ToLower(domain), Selector: strings.ToLower(selector)}
	texts, err := r.LookupTXT(ctx, strings.TrimSuffix(name, ".")+".")
	if gone, is := errors.AsType[*net.DNSError](err); is && gone.IsNotFound {
		f.Result, f.key.Gone = "gone", now
		return f
	}
	if err == nil {
		f.Record, err = keyRecord(texts)
	}
	if err != nil {
		f.Result, f.Cause = "failed", err.Error()
		return f
	}
	f.key.Record, f.key.Seen = f.Record, []evidence.Sighting{{Where: where, When: now, DNS: true}}
	f.Result = "found"
	if strings.HasSuffix(strings.TrimRight(strings.ReplaceAll(f.Record, " ", ""), ";"), "p=") {
		f.Result = "revoked"
	}
	return f
}

// keyRecord is the one text that can be a key record (RFC 6376 section 3.6.2.2:
// of several the result is undefined).
func keyRecord(texts []string) (string, error) {
	texts = slices.DeleteFunc(texts, func(s string) bool { return !strings.Contains(s, "p=") })
	switch {
	case len(texts) == 0:
		return "", errors.New("there are texts under this name, and none of them is a key record")
	case len(texts) > 1:
		return "", fmt.Errorf("%d key records under one name", len(texts))
	case len(texts[0]) > maxDNSRecord:
		return "", fmt.Errorf("a record of %d bytes, at most %d are read", len(texts[0]), maxDNSRecord)
	}
	return texts[0], nil
}

// SignerNames lists the DNS names of the keys that the signatures of a
// collection name: all, or those of which the desk knows no record.
func (d *Desk) SignerNames(ctx context.Context, coll trove.CollectionName, all bool) ([]string, error) {
	keys, err := d.AllKeys()
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	err = d.Catalog.Items(ctx, catalog.Query{Collection: coll}, func(it *catalog.Item) error {
		rec, err := release.Record(it)
		if err != nil {
			return err
		}
		for _, s := range rec.Signatures {
			if s.Selector != "" && s.Domain != "" && (all || !knows(keys, s)) {
				names[strings.ToLower(s.Selector+"._domainkey."+s.Domain)] = true
			}
		}
		return nil
	})
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	slices.Sort(list)
	return list, err
}

func knows(keys *evidence.Keys, s trove.Signature) bool {
	return slices.ContainsFunc(keys.Lookup(s.Domain, s.Selector, time.Time{}), func(k *evidence.Key) bool { return k.Record != "" })
}
