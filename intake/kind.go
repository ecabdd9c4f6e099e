package intake

import (
	"strings"

	"unseal/intake/container"
	"unseal/trove"
)

// KindOf tells by a file's first bytes, and where these leave it open by its
// name, what kind of item it is, and its media type. It reads nothing else.
type KindOf func(head []byte, name string) (trove.Kind, string)

// Kind is the [KindOf] that goes by media types alone.
func Kind(head []byte, _ string) (trove.Kind, string) {
	mediaType := container.MediaType(head)
	if len(head) == 0 {
		return trove.File, mediaType
	}
	return KindOfType(mediaType), mediaType
}

// kinds are media types, or their beginnings up to "/", with the kinds of their
// items. The longest that fits decides.
var kinds = map[string]trove.Kind{
	"audio/": trove.Voice, "image/": trove.Image, "text/": trove.Doc,
	"text/csv": trove.Table, "text/tab-separated-values": trove.Table,
	"application/pdf": trove.Doc, "application/rtf": trove.Doc, "application/json": trove.Doc, "application/xml": trove.Doc,
	"application/xhtml+xml": trove.Doc, "application/x-ndjson": trove.Table, "application/epub+zip": trove.Doc,
	"application/msword": trove.Doc, "application/vnd.ms-powerpoint": trove.Doc, "application/vnd.ms-excel": trove.Table,
	"application/vnd.ms-outlook": trove.Doc, "application/x-ole-storage": trove.Doc, "application/vnd.ms-tnef": trove.Doc,
	"application/ogg": trove.Voice,
}

// sheets and documents of the office formats that are zips of parts.
var officeTypes = []struct {
	prefix, mark string
	kind         trove.Kind
}{
	{"application/vnd.openxmlformats-officedocument.", "spreadsheet", trove.Table},
	{"application/vnd.openxmlformats-officedocument.", "", trove.Doc},
	{"application/vnd.oasis.opendocument.", "spreadsheet", trove.Table},
	{"application/vnd.oasis.opendocument.", "", trove.Doc},
	{"application/vnd.ms-excel.", "", trove.Table},
	{"application/vnd.ms-", ".macroenabled", trove.Doc},
}

// KindOfType is the kind of an item of a media type.
func KindOfType(mediaType string) trove.Kind {
	if k, ok := kinds[mediaType]; ok {
		return k
	}
	for _, o := range officeTypes {
		if strings.HasPrefix(mediaType, o.prefix) && strings.Contains(mediaType, o.mark) {
			return o.kind
		}
	}
	class, _, _ := strings.Cut(mediaType, "/")
	if k, ok := kinds[class+"/"]; ok {
		return k
	}
	return trove.File
}
