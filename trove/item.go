package trove

import "time"

// Address is one mailbox of a header: the decoded display name and the address
// as written, white space and comments removed. Either may be empty.
type Address struct {
	Name string `json:"name,omitempty"`
	Addr string `json:"address,omitempty"`
}

// Role says what a part is for a reader.
type Role string

// The roles of parts.
const (
	RoleText       Role = "text"       // the body as plain text
	RoleHTML       Role = "html"       // the body as HTML
	RoleAttachment Role = "attachment" // a file in the message, attached or inline
	RoleMessage    Role = "message"    // an embedded message (message/rfc822)
	RoleOther      Role = "other"      // structure: signatures, reports, calendar parts and the like
)

// Part is a leaf of an item's structure: a body or a file in it.
type Part struct {
	Path        string `json:"path,omitempty"` // place in the MIME tree, "1.2.3" as in IMAP (RFC 3501 section 6.4.5)
	Name        string `json:"name,omitempty"` // decoded file name; never used as a path
	Type        string `json:"type,omitempty"` // lower-case media type as declared
	Role        Role   `json:"role,omitempty"`
	Size        int64  `json:"size"`               // of the decoded bytes
	SHA256      Digest `json:"sha256,omitzero"`    // of the decoded bytes; zero for bodies in published records
	Offset      int64  `json:"offset"`             // of the encoded bytes in the item's exact bytes
	Length      int64  `json:"length"`             // of the encoded bytes
	Encoding    string `json:"encoding,omitempty"` // base64, quoted-printable, uuencode; else the bytes as they stand
	Charset     string `json:"charset,omitempty"`  // as declared, lower case
	Disposition string `json:"disposition,omitempty"`
	ContentID   string `json:"content_id,omitempty"`
}

// Warning is something about an item that a person should know. It never
// means that bytes were lost.
type Warning struct {
	Code   string `json:"code"`             // a stable word: "bad-date", "bare-cr", "not-mail"
	Text   string `json:"text"`             // one sentence
	Offset int64  `json:"offset,omitempty"` // byte offset in the item's exact bytes, where there is a place
}

// Signature is one DKIM-Signature field and what was found of it.
type Signature struct {
	Domain    string `json:"domain"`
	Selector  string `json:"selector,omitempty"`
	Algorithm string `json:"algorithm,omitempty"`
	Result    string `json:"result"`          // pass, fail, nokey
	Cause     string `json:"cause,omitempty"` // why not, or a qualifier of a pass
}

// Record is what is known of an item from its own bytes: made once at intake,
// kept by the desk, published with the item. It holds structure and offsets,
// not text.
type Record struct {
	Kind       Kind             `json:"kind"`
	Subject    string           `json:"subject,omitempty"`
	From       []Address        `json:"from,omitempty"`
	Sender     []Address        `json:"sender,omitempty"`
	ReplyTo    []Address        `json:"reply_to,omitempty"`
	To         []Address        `json:"to,omitempty"`
	Cc         []Address        `json:"cc,omitempty"`
	Bcc        []Address        `json:"bcc,omitempty"`
	Date       time.Time        `json:"date,omitzero"`         // of the Date field, in UTC; zero when absent or unreadable
	DateOffset int              `json:"date_offset,omitempty"` // the sender's zone, minutes east of UTC
	Received   time.Time        `json:"received,omitzero"`     // the oldest Received field, in UTC
	MessageID  string           `json:"message_id,omitempty"`  // without angle brackets
	InReplyTo  []string         `json:"in_reply_to,omitempty"`
	References []string         `json:"references,omitempty"` // oldest first
	ListID     string           `json:"list_id,omitempty"`
	Mass       bool             `json:"mass,omitempty"` // sent to many by a machine: lists, bulk, newsletters
	Lang       string           `json:"lang,omitempty"` // BCP 47, where detected
	Parts      []Part           `json:"parts,omitempty"`
	Nested     int              `json:"nested,omitempty"` // embedded messages
	Content    Digest           `json:"content,omitzero"` // of the decoded bodies and attachments and the main fields: equal for copies of one message; never published
	Verdict    Verdict          `json:"verdict,omitempty"`
	Signatures []Signature      `json:"signatures,omitempty"` // DKIM alone
	Others     []OtherSignature `json:"other_signatures,omitempty"`
	Warnings   []Warning        `json:"warnings,omitempty"`
	Unreadable string           `json:"unreadable,omitempty"` // why the item could not be read, else empty
}

// Occurrence is one place where an item's exact bytes were found.
type Occurrence struct {
	Owner      string `json:"owner,omitempty"` // the mailbox owner, where given or known from the folder layout
	Path       string `json:"path"`            // inside the trove, containers joined by "!/"
	FileSHA256 Digest `json:"file_sha256"`     // of the outermost file as handed over
	Offset     int64  `json:"offset"`          // of the first exact byte in its innermost container
	Length     int64  `json:"length"`          // in that container, before un-quoting
	Rule       Rule   `json:"rule,omitempty"`
}

// Files are the parts that a reader can open as files of their own: attached
// and inline files and embedded messages, in order. The k-th of them, from 1,
// is attachment k of the item wherever it is named.
func (r *Record) Files() []Part {
	var files []Part
	for _, p := range r.Parts {
		if p.Role == RoleAttachment || p.Role == RoleMessage {
			files = append(files, p)
		}
	}
	return files
}
