package site

import (
	"net/http"
	"strconv"
	"time"

	"unseal/archive"
	"unseal/reading"
	"unseal/search"
	"unseal/trove"
)

// itemJSON is the answer of /c/mail/5205.json. Addresses are paths from the
// root of the site.
type itemJSON struct {
	Name      string       `json:"name"`
	State     trove.State  `json:"state"`
	Batch     int          `json:"batch"`
	Edition   int          `json:"edition"`
	Published time.Time    `json:"published"`
	SHA256    trove.Digest `json:"sha256"`
	Size      int64        `json:"size"`
	archive.Record
	Attachments []fileJSON       `json:"attachments"`
	Reading     *reading.Reading `json:"reading,omitempty"`
	Transcript  string           `json:"transcript_url,omitempty"`
	MadeURL     string           `json:"made_url,omitempty"` // before the names in made
	URL         string           `json:"url"`
	FileURL     string           `json:"file_url"`
	TextURL     string           `json:"text_url,omitempty"`
	ProofURL    string           `json:"proof_url"`
	ThreadURL   string           `json:"thread_url,omitempty"`
}

type fileJSON struct {
	Name    string       `json:"name"`
	Type    string       `json:"type"`
	Size    int64        `json:"size"`
	SHA256  trove.Digest `json:"sha256,omitzero"`
	URL     string       `json:"url,omitempty"` // none of a file deep in another
	TextURL string       `json:"text_url,omitempty"`
}

func (s *site) itemJSON(w http.ResponseWriter, r *http.Request, it *item) error {
	path := "/" + itemPath(it.coll.Name, it.number)
	out := itemJSON{
		Name:  trove.Name{Collection: it.coll.Name, Number: it.number}.String(),
		State: it.state, Batch: it.batch, Edition: it.row.Edition, Published: it.published, SHA256: it.row.SHA256, Size: it.row.Size,
		Record: it.rec, Reading: it.read, Attachments: make([]fileJSON, len(it.files)),
		URL: path, FileURL: path + it.suffix(), ProofURL: path + ".proof",
	}
	for i, f := range it.files {
		out.Attachments[i] = fileJSON{Name: f.Name, Type: f.Type, Size: f.Size, SHA256: f.SHA256}
		if hasBytes(&f) {
			out.Attachments[i].URL = path + "/att/" + strconv.Itoa(i+1)
		}
		if it.readOf(f.Path) != nil {
			out.Attachments[i].TextURL = path + "/att/" + strconv.Itoa(i+1) + ".txt"
		}
	}
	if it.plainForm() != "" {
		out.TextURL = path + ".txt"
	}
	if _, _, ok := it.captionsAt("vtt"); ok {
		out.Transcript = path + ".vtt"
	}
	if len(it.rec.Made) > 0 {
		out.MadeURL = path + "/made/"
	}
	if it.rec.Thread != "" {
		out.ThreadURL = "/" + threadPath(it.coll.Name, it.rec.Thread)
	}
	return sendJSON(w, r, http.StatusOK, out)
}

// collectionJSON is a collection in the answers of /index.json and
// /c/mail/index.json.
type collectionJSON struct {
	archive.CollectionInfo
	Published int                 `json:"published"`
	States    map[trove.State]int `json:"states"`
	URL       string              `json:"url"`
}

func (c *collection) json() collectionJSON {
	return collectionJSON{c.CollectionInfo, c.published(), c.states, "/c/" + string(c.Name) + "/"}
}

// collectionsJSON answers /index.json: the archive and its collections.
func (s *site) collectionsJSON(w http.ResponseWriter, r *http.Request) error {
	list := make([]collectionJSON, len(s.collections))
	for i, c := range s.collections {
		list[i] = c.json()
	}
	return sendJSON(w, r, http.StatusOK, map[string]any{"name": s.name, "log": s.logJSON(), "collections": list})
}

// logJSON is the checkpoint as data.
func (s *site) logJSON() map[string]any {
	cp := s.archive.Checkpoint()
	return map[string]any{"origin": cp.Origin, "size": cp.Size, "root": cp.Root}
}

// listJSON is a page of a list.
type listJSON struct {
	Total   int    `json:"total"`
	Items   []row  `json:"items"`
	Next    string `json:"_next,omitempty"`
	NextURL string `json:"next_url,omitempty"`
}

// linkNext says in the header too where a list goes on (RFC 8288).
func linkNext(w http.ResponseWriter, address string) {
	w.Header().Set("Link", "<"+address+`>; rel="next"`)
}

// batchJSON answers /c/mail/batch/23/index.json: its items, by number.
func (s *site) batchJSON(w http.ResponseWriter, r *http.Request, c *collection, b *batch) error {
	from, _ := strconv.Atoi(r.FormValue("_next"))
	most := jsonPerPage
	if s.static != nil {
		most = b.Items // a file has no second page
	}
	rows, next, err := s.batchRows(c, b, from, most)
	if err != nil {
		return err
	}
	out := listJSON{Total: b.Items, Items: rows}
	if next > 0 {
		out.Next = strconv.Itoa(next)
		out.NextURL = r.URL.Path + "?_next=" + out.Next
		linkNext(w, out.NextURL)
	}
	return sendJSON(w, r, http.StatusOK, out)
}

func (s *site) threadJSON(w http.ResponseWriter, r *http.Request, hits []search.Hit) error {
	return sendJSON(w, r, http.StatusOK, listJSON{Total: len(hits), Items: s.hitRows(hits)})
}
