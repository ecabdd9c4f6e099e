package site

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"unseal/archive"
	"unseal/report"
	"unseal/trove"
)

// countingTime is how long one request counts; what is counted stays, so that
// the next one goes on from there.
const countingTime = 2 * time.Second

// checks keeps what was counted of the senders' checks, batch by batch. It is
// safe for concurrent use.
type checks struct {
	turn chan struct{} // held by the one request that counts

	mu    sync.Mutex
	known map[*collection]map[edition]*report.Checks // guarded by mu
}

func newChecks() *checks {
	return &checks{turn: make(chan struct{}, 1), known: map[*collection]map[edition]*report.Checks{}}
}

func (k *checks) of(c *collection, e edition) *report.Checks {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.known[c][e]
}

func (k *checks) keep(c *collection, e edition, t *report.Checks) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known[c] == nil {
		k.known[c] = map[edition]*report.Checks{}
	}
	k.known[c][e] = t
}

// count counts the batches that are not counted yet, within the time of a
// request, and joins all; done is how many of the batches are in it.
func (s *site) count(ctx context.Context, c *collection, batches []batch) (all *report.Checks, done int, err error) {
	ctx, cancel := context.WithTimeout(ctx, countingTime)
	defer cancel()
	all = new(report.Checks)
	for i := range batches {
		t, err := s.countBatch(ctx, c, edition{batches[i].Number, batches[i].Edition})
		if errors.Is(err, context.DeadlineExceeded) {
			return all, done, nil
		}
		if err != nil {
			return nil, 0, err
		}
		all.Join(t)
		done++
	}
	return all, done, nil
}

func (s *site) countBatch(ctx context.Context, c *collection, e edition) (*report.Checks, error) {
	if t := s.checks.of(c, e); t != nil {
		return t, nil
	}
	select {
	case s.checks.turn <- struct{}{}:
		defer func() { <-s.checks.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if t := s.checks.of(c, e); t != nil {
		return t, nil
	}
	t := new(report.Checks)
	err := c.src.WalkBatch(ctx, e.batch, e.edition, func(it *archive.Item) error {
		one := report.Item{Number: it.Row.Number, Batch: e.batch}
		if one.Learn(&it.Record.Record); one.Verdict == "" {
			one.Verdict = trove.Unchecked // the header went beyond a limit
		}
		return t.Add(&one)
	})
	if err != nil {
		return nil, err
	}
	s.checks.keep(c, e, t)
	return t, nil
}

// stateTable writes a table of the six states, one row a key, with links to
// the lists behind the numbers. clause narrows a search to a row; it is empty
// where no query finds one.
func (p *page) stateTable(t *report.Table, caption, key word, name func(*page, report.Cell), clause func(report.Cell) string) {
	p.html(`<div class="wide" tabindex="0" role="region"`)
	p.sayAttr("aria-label", "authenticity.table", plain("Table", p.loc.plain(caption)))
	p.html(`><table class="chart"><thead><tr>`)
	p.heads(key)
	p.headNumber("authenticity.items")
	for _, v := range verdicts {
		p.headNumber(verdictWord(v))
	}
	p.html("</tr></thead><tbody>\n")
	for i := range t.Rows {
		row := &t.Rows[i]
		p.html(`<tr><th scope="row">`)
		narrow := ""
		if row.Sum {
			p.say("authenticity.total")
		} else {
			name(p, row.Cells[0])
			narrow = clause(row.Cells[0])
		}
		p.html("</th>")
		for k, cell := range row.Cells[1:] {
			p.html(`<td class="n">`)
			p.stateCount(cell.N, k, narrow)
			p.html("</td>")
		}
		p.html("</tr>\n")
	}
	p.html("</tbody></table></div>\n")
}

func (p *page) headNumber(w word) {
	p.html(`<th scope="col" class="n">`)
	p.say(w)
	p.html("</th>")
}

// stateCount writes a number; column 0 is that of all items, then come the
// states.
func (p *page) stateCount(n, column int, clause string) {
	if n == 0 || clause == "" {
		p.num(n)
		return
	}
	if column > 0 {
		clause += " is:" + string(verdicts[column-1])
	}
	p.html(`<a rel="nofollow"`)
	p.hrefQuery("search", "q="+url.QueryEscape(clause))
	p.html(">")
	p.num(n)
	p.html("</a>")
}

// counting says that the numbers are not there yet, and how to see them.
func (p *page) counting(done, of int, again string) {
	p.html("<p>")
	p.say("authenticity.counting", num("Done", done), count(of))
	p.html(" <a")
	p.href(again)
	p.html(">")
	p.say("authenticity.refresh")
	p.html("</a></p>\n")
}

// batchChecks writes what was found of the senders' signatures in a batch.
func (s *site) batchChecks(ctx context.Context, p *page, c *collection, b *batch) error {
	t, done, err := s.count(ctx, c, []batch{*b})
	if err != nil {
		return err
	}
	p.section("authenticity", "", "authenticity.heading")
	in := "in:" + string(c.Name) + " batch:" + strconv.Itoa(b.Number)
	if done == 0 {
		p.counting(0, 1, batchPath(c.Name, b.Number))
	} else {
		table := t.Domains()
		p.domainTable(s, &table, in)
	}
	p.paragraph("authenticity.what")
	p.html("<p>")
	p.anchor(authenticityPath(c), "authenticity.all")
	p.html("</p></section>\n")
	return nil
}

// domainsShown is how many domains a page names; the file names more.
const domainsShown = 30

// domainTable writes the table by sender's domain, of at most domainsShown rows
// beside the total.
func (p *page) domainTable(s *site, t *report.Table, in string) {
	t.Join(domainsShown)
	p.stateTable(t, "authenticity.by-domain", "authenticity.domain", func(p *page, c report.Cell) {
		switch c.Text {
		case report.NoDomain:
			p.say("authenticity.no-domain")
		case report.Others:
			p.say("authenticity.others")
		default:
			p.bdi(cut(c.Text, listName))
		}
	}, func(c report.Cell) string {
		if s.index == nil || c.Text == report.NoDomain || c.Text == report.Others {
			return ""
		}
		return in + " from:" + c.Text
	})
}

func authenticityPath(c *collection) string { return "c/" + string(c.Name) + "/authenticity" }

// authenticity answers /c/mail/authenticity, and the same as .json and .csv.
func (s *site) authenticity(w http.ResponseWriter, r *http.Request, c *collection, form string) error {
	all, done, err := s.count(r.Context(), c, c.batches)
	if err != nil {
		return err
	}
	if form != "" {
		if done < len(c.batches) {
			return &fault{status: http.StatusServiceUnavailable, w: "error.counting"}
		}
		return s.authenticityFile(w, r, c, all, form)
	}
	l := s.locale
	p := newPage(l, r.URL.Path)
	s.begin(p, head{title: l.plain("authenticity.title", plain("Collection", c.Title)), crumbs: []crumb{
		{"c/", l.plain("nav.collections")}, {"c/" + string(c.Name) + "/", c.Title}, {"", l.plain("authenticity.heading")}}})
	p.heading("authenticity.title", val("Collection", c.Title))
	p.paragraph("authenticity.what")
	if done < len(c.batches) {
		p.counting(done, len(c.batches), authenticityPath(c))
	} else {
		s.authenticityTables(p, c, all)
	}
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

func (s *site) authenticityTables(p *page, c *collection, all *report.Checks) {
	in := "in:" + string(c.Name)
	batches, domains := all.Batches(), all.Domains()
	p.section("batches", "", "authenticity.by-batch")
	p.stateTable(&batches, "authenticity.by-batch", "batch.table-number", func(p *page, cell report.Cell) {
		p.html("<a")
		p.href(batchPath(c.Name, cell.N))
		p.html(">")
		p.say("batch.number", val("Number", strconv.Itoa(cell.N)))
		p.html("</a>")
	}, func(cell report.Cell) string {
		if s.index == nil {
			return ""
		}
		return in + " batch:" + strconv.Itoa(cell.N)
	})
	p.html("</section>\n")
	p.section("domains", "", "authenticity.by-domain")
	p.paragraph("authenticity.domain-what")
	p.domainTable(s, &domains, in)
	p.html("</section>\n<p>")
	p.anchor(authenticityPath(c)+".csv", "authenticity.as-csv")
	p.sep()
	p.anchor(authenticityPath(c)+".json", "authenticity.as-json")
	p.html("</p>\n")
}

// authenticityFile answers the tables as the command unseal report writes them.
func (s *site) authenticityFile(w http.ResponseWriter, r *http.Request, c *collection, all *report.Checks, form string) error {
	cp := s.archive.Checkpoint()
	rep := &report.Report{Kind: "authenticity", Collection: c.Name, Title: c.Title, Made: c.newest(),
		Log: report.Log{Origin: cp.Origin, Size: cp.Size, Root: cp.Root}, Tables: []report.Table{all.Batches(), all.Domains()}}
	var b bytes.Buffer
	mediaType := headerJSON
	err := error(nil)
	if form == "csv" {
		mediaType, err = headerCSV, rep.CSV(&b, "")
	} else {
		err = rep.JSON(&b)
	}
	if err != nil {
		return err
	}
	send(w, r, http.StatusOK, mediaType, b.Bytes())
	return nil
}

// newest is when the newest edition of a batch came out.
func (c *collection) newest() (t time.Time) {
	for _, at := range c.editions {
		if at.After(t) {
			t = at
		}
	}
	return t
}
