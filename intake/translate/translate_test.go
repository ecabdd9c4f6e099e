package translate

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// server translates by h.
func server(t *testing.T, c Config, h func(w http.ResponseWriter, q question)) *Translator {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q question
		b, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(b, &q); err != nil || r.URL.Path != "/translate" || q.Format != "text" {
			t.Errorf("%s %s: %v", r.URL, b, err)
		}
		h(w, q)
	}))
	t.Cleanup(srv.Close)
	c.Address = srv.URL
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// shout is a translation that a test can tell.
func shout(w http.ResponseWriter, q question) {
	a := answer{}
	for _, s := range q.Q {
		a.Text = append(a.Text, q.Target+":"+strings.ToUpper(s))
	}
	_ = json.NewEncoder(w).Encode(a)
}

func TestATextIsTranslatedByParagraphs(t *testing.T) {
	tr := server(t, Config{Into: []string{"fr", "ar"}, Key: "k"}, func(w http.ResponseWriter, q question) {
		if q.Source != "auto" || q.Key != "k" {
			t.Errorf("%+v", q)
		}
		shout(w, q)
	})
	in := &reader.Input{}
	in.Kind, in.Name, in.Text = trove.Doc, "a.pdf", "one\n\ntwo\nlines\n"
	res := tr.Read(context.Background(), in)
	if len(res.Reading.Texts) != 2 || res.Failed != "" {
		t.Fatalf("%+v", res)
	}
	fr := res.Reading.Texts[0]
	if fr.Kind != reading.Translation || fr.Lang != "fr" || fr.Made != reading.Machine || fr.By != "machine translation" || len(fr.Segments) != 2 || fr.Segments[1].Text != "fr:TWO\nLINES" {
		t.Errorf("%+v", fr)
	}
}

func TestATranslationFollowsItsOriginal(t *testing.T) {
	tr := server(t, Config{Into: []string{"fr"}}, shout)
	in := &reader.Input{}
	in.Reading.Texts = []reading.Text{
		{Kind: reading.Transcript, Lang: "en", Made: reading.Machine, Segments: []reading.Segment{{From: 1, To: 2, Text: "wrong"}}},
		{Kind: reading.Transcript, Lang: "en-GB", Made: reading.Corrected, Segments: []reading.Segment{{From: 1, To: 2, Text: "right", Speaker: "Ada", Confidence: 0.5}, {From: 2, To: 3, Text: "secret", Hidden: true}}},
	}
	res := tr.Read(context.Background(), in)
	if s := res.Reading.Texts[0].Segments; len(s) != 1 || s[0] != (reading.Segment{From: 1, To: 2, Text: "fr:RIGHT", Speaker: "Ada"}) {
		t.Errorf("%+v", s)
	}
	in = &reader.Input{}
	in.Text, in.Reading.Chain = "unused", &reading.Chain{Messages: []reading.Message{{N: 1, Text: "a"}, {N: 2}, {N: 3, Text: "b"}}}
	res = tr.Read(context.Background(), in)
	if s := res.Reading.Texts[0].Segments; len(s) != 2 || s[1].Message != 3 || s[1].Text != "fr:B" {
		t.Errorf("%+v", s)
	}
	in = &reader.Input{}
	in.Text, in.Reading.Pages = "first\nsecond", []reading.Page{{Number: 1, From: 0, To: 5}, {Number: 2, From: 6, To: 12}, {Number: 3, From: 6, To: 99}}
	res = tr.Read(context.Background(), in)
	if s := res.Reading.Texts[0].Segments; len(s) != 2 || s[1].Page != 2 || s[1].Text != "fr:SECOND" {
		t.Errorf("%+v", s)
	}
}

func TestWhatIsThereIsNotTranslated(t *testing.T) {
	tr := server(t, Config{Into: []string{"fr"}}, func(w http.ResponseWriter, q question) {
		if q.Q[0] != "déjà" {
			t.Errorf("asked for %v", q.Q)
		}
		io.WriteString(w, `{"translatedText":["déjà"],"detectedLanguage":[{"confidence":90,"language":"fr"}]}`)
	})
	in := &reader.Input{}
	in.Kind, in.Name, in.Text = trove.Doc, "a.pdf", "text"
	in.Beside = []reader.Beside{{Name: "a.fr.txt", Bytes: []byte("texte")}, {Name: "a.txt", Bytes: []byte("no translation")}, {Name: "a.de.vtt", Bytes: []byte("nothing")}}
	res := tr.Read(context.Background(), in)
	if len(res.Reading.Texts) != 1 || res.Reading.Texts[0].Made != reading.Supplied || res.Reading.Texts[0].Segments[0].Text != "texte" || len(res.Record.Warnings) != 1 {
		t.Errorf("%+v", res)
	}
	in = &reader.Input{}
	in.Text = "déjà"
	if res := tr.Read(context.Background(), in); len(res.Reading.Texts) != 0 || res.Failed != "" {
		t.Errorf("%+v", res)
	}
	none, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if res := none.Read(context.Background(), in); len(res.Reading.Texts) != 0 || res.Failed+res.Waiting+res.Partly != "" {
		t.Errorf("%+v", res)
	}
}

func TestWhatGoesWrongIsSaid(t *testing.T) {
	for name, h := range map[string]func(w http.ResponseWriter, q question){
		"too few":  func(w http.ResponseWriter, _ question) { io.WriteString(w, `{"translatedText":["x"]}`) },
		"no array": func(w http.ResponseWriter, _ question) { io.WriteString(w, `{"translatedText":"x"}`) },
		"refused":  func(w http.ResponseWriter, _ question) { w.WriteHeader(400) },
	} {
		in := &reader.Input{}
		in.Text = "one\n\ntwo"
		if res := server(t, Config{Into: []string{"fr"}}, h).Read(context.Background(), in); res.Failed == "" || len(res.Reading.Texts) != 0 {
			t.Errorf("%s: %+v", name, res)
		}
	}
	if _, err := New(Config{Address: "http://x"}); err == nil {
		t.Error("a server without a language was taken")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	in := &reader.Input{}
	in.Text = "one"
	if res := server(t, Config{Into: []string{"fr"}}, shout).Read(ctx, in); res.Waiting == "" {
		t.Errorf("%+v", res)
	}
}

func TestRequestsAndTextsAreBounded(t *testing.T) {
	most := 0
	tr := server(t, Config{Into: []string{"fr"}}, func(w http.ResponseWriter, q question) {
		total := 0
		for _, s := range q.Q {
			total += len(s)
			if len(s) > maxPiece || !utf8.ValidString(s) {
				t.Errorf("a piece of %d bytes", len(s))
			}
		}
		if total > maxRequest || len(q.Q) > maxPieces {
			t.Errorf("%d pieces of %d bytes", len(q.Q), total)
		}
		most = max(most, len(q.Q))
		shout(w, q)
	})
	in := &reader.Input{}
	in.Text = strings.Repeat("é", 3*maxPiece) + "\n\n" + strings.Repeat("word. ", maxPiece) + strings.Repeat("\n\nx", 200) + "\n\n" + strings.Repeat("long sentence. ", maxText/10)
	res := tr.Read(context.Background(), in)
	if res.Partly == "" || len(res.Reading.Texts) != 1 || most != maxPieces {
		t.Errorf("%q %d texts, %d pieces at most", res.Partly, len(res.Reading.Texts), most)
	}
}
