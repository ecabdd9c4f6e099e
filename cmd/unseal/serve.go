package main

import (
	"fmt"

	"unseal/house"
)

type serveCmd struct {
	Archive string `arg:"" help:"The folder that holds unseal.json."`
	Listen  string `default:"127.0.0.1:8040" env:"UNSEAL_LISTEN" placeholder:"ADDR" help:"Where to listen; port 0 takes a free one."`
	Get     string `placeholder:"PATH" help:"Answer one request on stdout without listening; exit 0 for 200, else 1."`
}

func (serveCmd) Help() string {
	return `Example: unseal serve ./archive
Example: unseal serve ./archive --get /c/mail/5205

Needs no desk, no key, no database and no network, and writes nothing. What is
published into the folder, or hidden, is shown so at once.`
}

func (c *serveCmd) Run(a *app) error {
	site, err := house.OpenSite(a.ctx, c.Archive, a.ui.logger())
	if err != nil {
		return err
	}
	defer site.Close()
	if c.Get != "" {
		if c.Get[0] != '/' {
			return usage("--get %q: a path begins with /", c.Get)
		}
		status, body, err := site.Get(a.ctx, c.Get)
		if err != nil {
			return err
		}
		if err := a.ui.raw(body); err != nil {
			return err
		}
		a.ui.flush()
		if status != 200 {
			return ended(exitFailed)
		}
		return nil
	}
	return serveSite(a, site, c.Listen)
}

// serveSite listens until the command is stopped, which is its good end.
func serveSite(a *app, site *house.Site, listen string) error {
	var sum struct {
		Address string `json:"address"`
		Exit    int    `json:"exit"`
	}
	err := site.Serve(a.ctx, listen, func(addr string) error {
		sum.Address = "http://" + addr + "/"
		defer a.ui.flush()
		if a.ui.json {
			return a.ui.line("serve", "status", map[string]string{"address": sum.Address})
		}
		return a.ui.print(fmt.Sprintf("Serving %s   (Ctrl-C ends it)", sum.Address))
	})
	if err != nil || !a.ui.json {
		return err
	}
	return a.ui.summary("serve", sum, nil, "")
}
