package reading

// Facts are the names of facts, with what their values are. Others may stand
// in a reading; pages show them as they are.
var Facts = map[string]string{
	"title": "", "author": "", "last-author": "", "company": "", "subject": "", "keywords": "",
	"created": "RFC 3339", "modified": "RFC 3339", "taken": "date and time of a picture, zone only where known",
	"software": "", "camera": "", "gps": "latitude and longitude in degrees", "pages": "number",
	"width": "pixels", "height": "pixels", "frames": "number", "encrypted": "how it was opened",
	"duration": "seconds", "location": "of an event", "organizer": "", "start": "", "end": "",
	"languages": "of a text in several, that of most letters first", "phone": "", "email": "", "source": "of a transcript or translation",
}

// Findings are the codes of findings, each with what it means to a person at
// the desk.
var Findings = map[string]string{
	"active-content":  "the file can run something when it is opened",
	"macro":           "the document holds macros",
	"external-link":   "opening the file may load something from elsewhere",
	"embedded-file":   "a file lies in the document",
	"hidden-sheet":    "the table has sheets, rows or columns that are hidden",
	"hidden-text":     "text that a reader does not see can be read out of the file",
	"hidden-sound":    "the recording holds sound that players leave out",
	"pixel-redaction": "something is painted over in the picture; what is below cannot be judged",
	"tracked-change":  "the document keeps what was deleted or inserted, and by whom",
	"comment":         "the document holds comments",
	"author":          "the file names persons who wrote or changed it",
	"gps":             "the file says where it was made",
	"address":         "the export holds network addresses of persons",
	"form":            "the document holds a form with values",
	"signature":       "the document holds a signature of its own",
}
