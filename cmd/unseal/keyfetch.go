package main

import (
	"slices"

	"unseal/house"
)

type keysFetchCmd struct {
	Names      []string `arg:"" optional:"" name:"name" help:"Keys such as s1._domainkey.example.org."`
	Collection string   `short:"c" placeholder:"COLL" help:"The keys that this collection's signatures name and that are not known yet."`
	All        bool     `help:"With -c: those that are known too."`
	Server     string   `placeholder:"IP:PORT" help:"Ask this resolver instead of the machine's."`
}

func (keysFetchCmd) Help() string {
	return `Example: unseal keys archive fetch -c mail
Example: unseal keys archive fetch 20230601._domainkey.gmail.com --server 9.9.9.9:53

Asks DNS, now, and keeps the answers with the date: the record, or that there is none any more.
Whoever runs the resolver sees the names. No other command asks DNS for anything.`
}

func (c *keysFetchCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	names := c.Names
	if c.Collection != "" {
		coll, err := desk.Collection(a.ctx, c.Collection)
		if err != nil {
			return err
		}
		more, err := desk.SignerNames(a.ctx, coll.Name, c.All)
		if err != nil {
			return err
		}
		names = append(slices.Clone(names), more...)
	} else if len(names) == 0 {
		return usage("name a key, such as s1._domainkey.example.org, or a collection: -c COLL")
	}
	p := a.ui.progress("asking DNS")
	list, added, err := desk.FetchKeys(a.ctx, names, c.Server, func(done, total int) { p.show(int64(done), int64(total), "") })
	if err != nil {
		return err
	}
	return c.tell(a, list, added)
}

func (c *keysFetchCmd) tell(a *app, list []house.Fetched, added int) error {
	sum := struct {
		Asked   int            `json:"asked"`
		Results map[string]int `json:"results"`
		Added   int            `json:"added"`
		Exit    int            `json:"exit"`
	}{Asked: len(list), Results: map[string]int{}, Added: added}
	for _, f := range list {
		sum.Results[f.Result]++
		line := f.Name + "  " + f.Result
		if f.Cause != "" {
			line += ": " + f.Cause
		}
		if err := a.ui.item("keys", f, line); err != nil {
			return err
		}
	}
	if sum.Results["failed"] > 0 {
		sum.Exit = exitPartly
	}
	rows := [][2]string{{"asked for", plural(sum.Asked, "key", "keys")}}
	for _, r := range []string{"found", "revoked", "gone", "failed"} {
		rows = append(rows, [2]string{r, count(sum.Results[r])})
	}
	if err := a.ui.summary("keys", sum, append(rows, [2]string{"new", count(added)}), "Next: unseal keys judge, for what was taken in before"); err != nil {
		return err
	}
	return ended(sum.Exit)
}
