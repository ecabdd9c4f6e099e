// Package reading is the vocabulary of what was read out of an item beside its
// record and its text: pages, chains of messages, recordings, tables, facts,
// findings, and texts that were made of it. It does no I/O.
//
// A Reading is published beside the item as one JSON document, reading.json,
// under the manifest's digest. It is derived: the item's exact bytes are what
// is proven, and whoever has them can read them again. The files that a reading
// names (page images, playable sound) are published beside it under the same
// names.
//
// The invariant: offsets into the text are in bytes of the item's UTF-8 text
// as intake made it, ascending, and within it.
package reading

// Name is what a reading is called among the files made of an item.
const Name = "reading.json"

// Format is the version of the document.
const Format = "unseal-reading/1"

// Reading is what was read out of one item. Its zero value is one of an item
// in which nothing but text was found.
type Reading struct {
	Format   string    `json:"format,omitempty"`
	Facts    []Fact    `json:"facts,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
	Pages    []Page    `json:"pages,omitempty"`
	Outline  []Heading `json:"outline,omitempty"`
	Sound    *Sound    `json:"sound,omitempty"`
	Chain    *Chain    `json:"chain,omitempty"`
	Sheets   []Sheet   `json:"sheets,omitempty"`
	Texts    []Text    `json:"texts,omitempty"`
	Files    []File    `json:"files,omitempty"`
}

// Fact is something that the item says of itself: an author, a camera, a date.
type Fact struct {
	Name  string `json:"name"`           // a stable word, see [Facts]
	Value string `json:"value"`          // as it stands, cleaned to one line
	Part  string `json:"part,omitempty"` // path of the part that says it; empty for the item
}

// Finding is something in the item that a person should look at before it is
// published, and that readers are told of afterwards.
type Finding struct {
	Code string `json:"code"`           // a stable word, see [Findings]
	Text string `json:"text,omitempty"` // one sentence, or the text found
	Part string `json:"part,omitempty"` // path of the part; empty for the item
	Page int    `json:"page,omitempty"` // from 1; 0 where there is none
	Box  *Box   `json:"box,omitempty"`
}

// Box is a place on a page, in thousandths of its width and height from the
// top left corner.
type Box struct{ X, Y, W, H int }

// Page is a page of a document, a slide, or a picture that a file holds.
type Page struct {
	Number     int     `json:"number"` // from 1
	Label      string  `json:"label,omitempty"`
	From       int     `json:"from"` // offsets of its text in the item's text
	To         int     `json:"to"`
	Image      string  `json:"image,omitempty"` // name of the file made of it
	Width      int     `json:"width,omitempty"` // of the image, in pixels
	Height     int     `json:"height,omitempty"`
	Confidence float64 `json:"confidence,omitempty"` // of OCR, 0 to 1; 0 where the text is the file's own
}

// Heading is an entry of a document's own list of contents.
type Heading struct {
	Title string `json:"title"`
	Level int    `json:"level"`          // from 1
	Page  int    `json:"page,omitempty"` // where it leads; 0 where that is no page of the document
}

// Sound says what a recording is.
type Sound struct {
	Seconds  float64  `json:"seconds"`
	Codec    string   `json:"codec,omitempty"` // "pcm_s16le", "mp3", "opus"…
	Rate     int      `json:"rate,omitempty"`  // samples a second
	Channels int      `json:"channels,omitempty"`
	Play     []string `json:"play,omitempty"` // names of the files that browsers play, the best first
	Call     *Call    `json:"call,omitempty"`
	Silenced []Span   `json:"silenced,omitempty"` // seconds that a tone stands for
}

// Span is a stretch of time in seconds.
type Span struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// Call is what is known of the call that a recording is of.
type Call struct {
	Kind   string `json:"kind,omitempty"` // voicemail, recorded, missed, placed, received
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Number int    `json:"number,omitempty"` // call 11 …
	Of     int    `json:"of,omitempty"`     // … of 29
	Part   int    `json:"part,omitempty"`   // message 2 …
	Parts  int    `json:"parts,omitempty"`  // … of 3
}

// Chain is a chain of messages.
type Chain struct {
	Platform string    `json:"platform"` // whatsapp, telegram, signal…
	Title    string    `json:"title,omitempty"`
	Members  []Member  `json:"members"`
	Clock    string    `json:"clock,omitempty"` // what is known of the zone of times without one, in words
	Order    string    `json:"order,omitempty"` // how dates were read: "dmy", "mdy", "ymd"
	Messages []Message `json:"messages"`        // as they stand in the source, or in stable order of time where Sorted
	Sorted   bool      `json:"sorted,omitempty"`
	Pictures bool      `json:"pictures,omitempty"` // it exists only as pictures of a screen

	// Conversations are those of a source that holds several, one after the
	// other in Messages; empty where the chain is one.
	Conversations []Conversation `json:"conversations,omitempty"`
}

// Conversation is a run of messages of a chain that belong together.
type Conversation struct {
	Title string `json:"title,omitempty"`
	First int    `json:"first"` // N of its first message
	Last  int    `json:"last"`
}

// Member takes part in a chain.
type Member struct {
	Name   string `json:"name"`
	Handle string `json:"handle,omitempty"` // number, address or account
	Self   bool   `json:"self,omitempty"`   // whose export it is, where known
}

// Message is one message of a chain.
type Message struct {
	N         int        `json:"n"`                 // from 1; the fragment #m<n>
	ID        string     `json:"id,omitempty"`      // the platform's
	When      string     `json:"when,omitempty"`    // RFC 3339; without a zone where the source gives none
	Written   string     `json:"written,omitempty"` // the source's own date, where it could not be read for certain
	Place     int        `json:"place,omitempty"`   // where it stands in the source, from 1, in a chain that is Sorted
	By        int        `json:"by"`                // index into Members; -1 for the platform itself
	Text      string     `json:"text,omitempty"`
	Kind      string     `json:"kind,omitempty"`     // empty, or: system, call, deleted
	Edited    string     `json:"edited,omitempty"`   // when it was last edited, or "yes" where that is not known
	Earlier   []Earlier  `json:"earlier,omitempty"`  // what stood there before edits, oldest first
	ReplyTo   int        `json:"reply_to,omitempty"` // the N of the message answered; -1 if it is not here
	Forwarded string     `json:"forwarded,omitempty"`
	Reactions []Reaction `json:"reactions,omitempty"`
	Media     []Media    `json:"media,omitempty"`
	From      int        `json:"from"` // offsets of it in the item's text
	To        int        `json:"to"`
}

// Earlier is what a message said before it was edited.
type Earlier struct {
	When string `json:"when,omitempty"`
	Text string `json:"text"`
}

// Reaction is a sign given to a message.
type Reaction struct {
	Sign string `json:"sign"`
	By   []int  `json:"by,omitempty"` // indexes into Members
}

// Media is a file that a message carries.
type Media struct {
	Name    string `json:"name,omitempty"`
	Type    string `json:"type,omitempty"`
	Missing bool   `json:"missing,omitempty"` // the export does not hold it
}

// Sheet is a table, or the beginning of one.
type Sheet struct {
	Name    string     `json:"name,omitempty"`
	Hidden  bool       `json:"hidden,omitempty"`
	Rows    int        `json:"rows"` // in all
	Columns int        `json:"columns"`
	Head    bool       `json:"head,omitempty"` // the first row names the columns
	Cells   [][]string `json:"cells"`          // the first rows, at most [MaxRows]
}

// MaxRows bounds the rows that a reading repeats of a table.
const MaxRows = 500

// The ways in which a text was made.
const (
	Machine   = "machine"
	Corrected = "corrected" // by a person
	Supplied  = "supplied"  // with the material
	Typed     = "typed"     // by a person, from a picture
)

// The kinds of texts.
const (
	Transcript  = "transcript"
	Translation = "translation"
	OCR         = "ocr"
)

// Text is a text that was made of the item: a transcript, a translation, the
// text of its pictures.
type Text struct {
	Kind     string    `json:"kind"`
	Lang     string    `json:"lang,omitempty"` // BCP 47
	Made     string    `json:"made"`           // machine, corrected, supplied, typed
	By       string    `json:"by,omitempty"`   // program and version, or who
	Segments []Segment `json:"segments"`
}

// Segment is a piece of a text with the place it belongs to.
type Segment struct {
	From       float64 `json:"from,omitempty"` // seconds
	To         float64 `json:"to,omitempty"`
	Page       int     `json:"page,omitempty"`
	Message    int     `json:"message,omitempty"` // N in the chain
	Speaker    string  `json:"speaker,omitempty"` // of a transcript, where the maker tells
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence,omitempty"` // 0 to 1; 0 where the maker gave none
	Hidden     bool    `json:"hidden,omitempty"`     // redacted: the text is gone
}

// File is what was read of a file in the item.
type File struct {
	Part    string `json:"part"` // path of the part in the record
	Lang    string `json:"lang,omitempty"`
	Text    string `json:"text,omitempty"`
	Reading        // its facts and findings name the part too
}
