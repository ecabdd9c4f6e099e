package site

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"unseal/proof"
	"unseal/reading"
)

// captions answers the transcript of a recording as a file for players: text
// i of the reading as WebVTT or SubRip.
func (s *site) captions(w http.ResponseWriter, r *http.Request, it *item, i int, form string) error {
	t := &it.read.Texts[i]
	var b strings.Builder
	if form == "vtt" {
		b.WriteString("WEBVTT\n\n")
	}
	for n, c := range it.cues(t) {
		if form == "srt" {
			b.WriteString(strconv.Itoa(n+1) + "\n")
		}
		to := c.to
		if to <= c.from {
			to = c.from + 1
		}
		b.WriteString(stamp(c.from, form) + " --> " + stamp(to, form) + "\n" + captionText(&c) + "\n\n")
	}
	sendFile(w, r, it.fileBase()+"."+form, captionTypes[form], []byte(b.String()))
	return nil
}

// captionTypes are the media types of transcripts.
var captionTypes = map[string]string{"vtt": "text/vtt; charset=utf-8", "srt": "application/x-subrip; charset=utf-8"}

// stamp is a time as WebVTT and SubRip write it.
func stamp(seconds float64, form string) string {
	ms := int64(math.Round(seconds * 1000))
	n := int(ms / 1000)
	point := "."
	if form == "srt" {
		point = ","
	}
	frac := strconv.FormatInt(1000+ms%1000, 10)[1:]
	return twoDigits(n/3600) + ":" + twoDigits(n/60%60) + ":" + twoDigits(n%60) + point + frac
}

// captionText is a line of a transcript that can end no cue and begin no tag.
func captionText(c *cue) string {
	if c.hidden {
		return proof.Mark(0).String()
	}
	text := strings.Join(strings.Fields(c.text), " ")
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(string(appendEscaped(nil, text, inPlain)))
}

// captionsAt finds the transcript that a suffix of the item's address names:
// "vtt" the first, "text-2.vtt" text 2 of the reading.
func (it *item) captionsAt(suffix string) (i int, form string, ok bool) {
	name, form, numbered := strings.Cut(suffix, ".")
	if !numbered {
		name, form = "", suffix
	}
	texts := it.texts(reading.Transcript)
	if captionTypes[form] == "" || len(texts) == 0 {
		return 0, "", false
	}
	if !numbered {
		return texts[0], form, true
	}
	n := parseNumber(strings.TrimPrefix(name, "text-"))
	if !strings.HasPrefix(name, "text-") || n < 1 || n > len(it.read.Texts) {
		return 0, "", false
	}
	return n - 1, form, true
}

// plainForm is the item as a plain text file.
func (it *item) plainForm() string {
	switch {
	case it.read == nil:
	case it.read.Chain != nil:
		return it.chainText()
	case it.read.Sound != nil && len(it.texts(reading.Transcript)) > 0:
		return it.soundText()
	}
	if it.text == "" && it.read != nil {
		return it.read.Spoken()
	}
	return it.text
}

// soundText is the transcript of a recording, a line a piece.
func (it *item) soundText() string {
	var b strings.Builder
	if it.rec.Subject != "" {
		b.WriteString(it.rec.Subject + "\n\n")
	}
	t := &it.read.Texts[it.texts(reading.Transcript)[0]]
	for _, c := range it.cues(t) {
		text := strings.Join(strings.Fields(c.text), " ")
		if c.hidden {
			text = proof.Mark(0).String()
		}
		b.WriteString("[" + clock(c.from) + "] " + text + "\n")
	}
	return b.String()
}
