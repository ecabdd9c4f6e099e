package transcript

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"unseal/reading"
)

// Document is a JSON file beside an item. Ours has the fields of [Call] and
// "transcript" and "translations"; those of speech programs have segments at
// the top: whisper and OpenAI's verbose_json (seconds), whisper.cpp
// ("transcription", thousandths).
type Document struct {
	Call
	Transcript   *Script  `json:"transcript"`
	Translations []Script `json:"translations"`
	Script                // of speech programs
}

// Call is what a JSON file says of the call that a recording is of. Every
// field may be missing.
type Call struct {
	Title    string    `json:"title"`
	Kind     string    `json:"kind"` // voicemail, recorded, missed, placed, received
	From     string    `json:"from"` // number or address
	FromName string    `json:"from_name"`
	To       string    `json:"to"`
	ToName   string    `json:"to_name"`
	Date     time.Time `json:"-"`
	When     string    `json:"date"` // RFC 3339; without a zone it is only shown
	Call     int       `json:"call"`
	Of       int       `json:"of"`
	Part     int       `json:"part"`
	Parts    int       `json:"parts"`
	Series   string    `json:"series"` // names what the numbers of calls count in
}

// Script is a transcript or a translation.
type Script struct {
	Lang     string        `json:"lang"`
	Language langName      `json:"language"`
	Made     string        `json:"made"` // machine, corrected, supplied
	By       string        `json:"by"`
	Model    any           `json:"model"` // a name, or whisper.cpp's table
	Task     string        `json:"task"`
	Text     string        `json:"text"`
	Segments []jsonSegment `json:"segments"`
	CPP      []cppSegment  `json:"transcription"`
	Result   struct {
		Language string `json:"language"`
	} `json:"result"`
}

// langName is a language as a tag or an English word.
type langName string

type jsonSegment struct {
	From       *float64 `json:"from"`
	To         *float64 `json:"to"`
	Start      float64  `json:"start"`
	End        float64  `json:"end"`
	Text       string   `json:"text"`
	Speaker    string   `json:"speaker"`
	Confidence *float64 `json:"confidence"`
	LogProb    *float64 `json:"avg_logprob"`
}

type cppSegment struct {
	Offsets struct {
		From float64 `json:"from"`
		To   float64 `json:"to"`
	} `json:"offsets"`
	Text string `json:"text"`
}

// ParseJSON reads a JSON file beside an item. A file that holds nothing of
// this kind is ErrNone.
func ParseJSON(b []byte) (*Document, error) {
	var d Document
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, ErrNone
	}
	if t, err := time.Parse(time.RFC3339, d.When); err == nil {
		d.Date = t
	}
	if d.Call == (Call{}) && d.Transcript == nil && len(d.Translations) == 0 && d.Script.empty() {
		return nil, ErrNone
	}
	return &d, nil
}

func (s *Script) empty() bool { return len(s.Segments) == 0 && len(s.CPP) == 0 && s.Text == "" }

// texts are the texts of the document. A file that tells of a call alone has
// none, and that is no error.
func (d *Document) texts(side Side) (list []reading.Text, err error) {
	put := func(s *Script, kind, lang, how string) {
		if t := s.text(kind, lang, how); len(t.Segments) > 0 {
			list = append(list, t)
		}
	}
	if d.Transcript != nil {
		put(d.Transcript, reading.Transcript, side.Lang, reading.Supplied)
	}
	for i := range d.Translations {
		put(&d.Translations[i], reading.Translation, "", reading.Supplied)
	}
	if !d.Script.empty() {
		kind := side.Kind
		if d.Task == "translate" {
			kind = reading.Translation
		}
		put(&d.Script, kind, side.Lang, reading.Machine) // the form of speech programs
	}
	if len(list) == 0 && d.Call == (Call{}) {
		return nil, ErrNone
	}
	return list, nil
}

// text makes a text of a script. lang and how hold where it does not say it.
func (s *Script) text(kind, lang, how string) reading.Text {
	t := reading.Text{Kind: kind, Lang: s.lang(lang), Made: how, By: s.By}
	if word, ok := made(s.Made); ok {
		t.Made = word
	}
	if model, ok := s.Model.(string); ok && t.By == "" {
		t.By = model
	}
	for _, v := range s.Segments {
		t.Segments = add(t.Segments, v.segment())
	}
	for _, v := range s.CPP {
		t.Segments = add(t.Segments, reading.Segment{From: v.Offsets.From / 1000, To: v.Offsets.To / 1000, Text: v.Text})
	}
	if len(t.Segments) == 0 {
		t.Segments = parsePlain(s.Text)
	}
	return t
}

func (s *Script) lang(otherwise string) string {
	for _, v := range []string{s.Lang, string(s.Language), s.Result.Language} {
		if lang, ok := Language(v); ok {
			return lang
		}
	}
	return otherwise
}

func (v jsonSegment) segment() reading.Segment {
	s := reading.Segment{From: v.Start, To: v.End, Text: v.Text, Speaker: v.Speaker}
	if v.From != nil {
		s.From = *v.From
	}
	if v.To != nil {
		s.To = *v.To
	}
	switch {
	case v.Confidence != nil:
		s.Confidence = min(max(*v.Confidence, 0), 1)
	case v.LogProb != nil:
		s.Confidence = Probability(*v.LogProb)
	}
	s.From, s.To = sane(s.From), sane(s.To)
	return s
}

// sane keeps times within what a recording can have.
func sane(seconds float64) float64 {
	if !(seconds > 0 && seconds < 1e7) {
		return 0
	}
	return seconds
}

// Probability turns the mean logarithm that speech programs give into a
// confidence from 0 to 1, to the thousandth.
func Probability(logprob float64) float64 {
	if math.IsNaN(logprob) {
		return 0
	}
	return math.Round(min(max(math.Exp(logprob), 0), 1)*1000) / 1000
}

// words are the English names by which speech programs call languages.
var words = map[string]string{
	"arabic": "ar", "bulgarian": "bg", "chinese": "zh", "croatian": "hr", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
	"finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "indonesian": "id",
	"italian": "it", "japanese": "ja", "korean": "ko", "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro",
	"russian": "ru", "serbian": "sr", "slovak": "sk", "spanish": "es", "swedish": "sv", "thai": "th", "turkish": "tr", "ukrainian": "uk", "urdu": "ur", "vietnamese": "vi",
}

// Language reads a language as a tag of BCP 47 or as an English word.
func Language(s string) (string, bool) {
	if lang := words[strings.ToLower(s)]; lang != "" {
		return lang, true
	}
	return tag(s)
}
