// Package speech has recordings transcribed by a server that the operator
// names, over the API that OpenAI made known and whisper.cpp, faster-whisper,
// vLLM and others speak: POST /v1/audio/transcriptions. It runs in the desk's
// own process, since what reads hostile bytes has no network.
//
// What comes back is labelled as made by a machine. The server gets the sound
// and, where it is known, the language; never a name of a file or of a person.
package speech

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"strings"

	"unseal/intake/ask"
	"unseal/intake/reader"
	"unseal/intake/transcript"
	"unseal/intake/voice"
	"unseal/reading"
)

// Limits of one request.
const (
	maxUpload = 24 << 20 // servers take 25 MB, the form included
	maxClips  = 64       // some 70 hours of the MP3 that the stage Sound makes
)

// Config names a server.
type Config struct {
	Address string // with the path below which /audio/transcriptions lies, such as https://speech.example/v1
	Model   string // what the server calls its model; readers see it as the maker
	Key     string // may be empty
}

// Server is a server for speech. It is safe for concurrent use.
type Server struct {
	ask   *ask.Server
	model string
}

// New names a server; nothing is sent.
func New(c Config) (*Server, error) {
	if strings.TrimSpace(c.Model) == "" {
		return nil, errors.New("a server for speech needs the name of a model")
	}
	s, err := ask.New(c.Address, c.Key)
	if err != nil {
		return nil, fmt.Errorf("speech: %w", err)
	}
	return &Server{ask: s, model: c.Model}, nil
}

// Read transcribes a recording: stage reader.Speech. One that has a transcript
// corrected by a person is left alone. Where the server does not answer, the
// result waits.
func (s *Server) Read(ctx context.Context, in *reader.Input) (res reader.Result) {
	for _, t := range in.Reading.Texts {
		if t.Kind == reading.Transcript && t.Made == reading.Corrected {
			return res
		}
	}
	clips, ending, err := clipsOf(in)
	if err != nil {
		res.Failed = err.Error()
		return res
	}
	text := reading.Text{Kind: reading.Transcript, Lang: languageOf(in), Made: reading.Machine, By: s.model}
	for i, c := range clips {
		got, err := s.transcribe(ctx, c.Bytes, ending, text.Lang)
		switch {
		case errors.Is(err, ask.ErrAway), errors.Is(err, context.Canceled):
			return reader.Result{Waiting: "speech: " + err.Error()}
		case err != nil:
			return reader.Result{Failed: "speech: " + err.Error()}
		}
		end := soundEnd(in, clips, i)
		for _, seg := range got.Segments {
			seg.From, seg.To = within(seg.From+c.From, end), within(seg.To+c.From, end)
			text.Segments = append(text.Segments, seg)
		}
		if text.Lang == "" {
			text.Lang = got.Lang
		}
	}
	res.By = s.model
	if len(text.Segments) > 0 {
		res.Reading.Texts = []reading.Text{text}
	}
	return res
}

// soundEnd is when a clip ends; 0 where that is not known.
func soundEnd(in *reader.Input, clips []voice.Clip, i int) float64 {
	switch {
	case i+1 < len(clips):
		return clips[i+1].From
	case in.Reading.Sound != nil:
		return in.Reading.Sound.Seconds
	}
	return 0
}

// within keeps a time before the end: machines hear words in the silence after it.
func within(at, end float64) float64 {
	if end > 0 {
		return min(at, end)
	}
	return at
}

// takes are the types that servers take as they are, with the ending by which
// they know them.
var takes = map[string]string{"audio/wav": ".wav", "audio/mpeg": ".mp3", "audio/ogg": ".ogg", "audio/flac": ".flac", "audio/mp4": ".m4a"}

// clipsOf is the sound to be sent: the exact bytes where the server takes them,
// else what the stage Sound made of them, cut where it is too long.
func clipsOf(in *reader.Input) (clips []voice.Clip, ending string, err error) {
	if ending := takes[in.Type]; ending != "" && in.Size <= maxUpload {
		b, err := in.Bytes(maxUpload)
		return []voice.Clip{{Bytes: b}}, ending, err
	}
	var mp3 []byte
	if in.Earlier != nil {
		mp3, err = in.Earlier(voice.PlayMP3)
	}
	if err != nil || len(mp3) == 0 {
		return nil, "", errors.New("the recording is too large for the server or in a format that it does not take, and no MP3 was made of it; ffmpeg makes one in the stage sound")
	}
	clips, err = voice.Cut(mp3, maxUpload)
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("the MP3 made of the recording: %w", err)
	case len(clips) > maxClips:
		return nil, "", errors.New("the recording is longer than is transcribed")
	}
	return clips, ".mp3", nil
}

// languageOf is the language that the desk says for the item, or that of the
// collection where it has one alone; the server finds out otherwise.
func languageOf(in *reader.Input) string {
	if lang, ok := transcript.Language(in.Options["lang"]); ok {
		return lang
	}
	if len(in.Langs) == 1 {
		return in.Langs[0]
	}
	return ""
}

// transcribe sends one clip.
func (s *Server) transcribe(ctx context.Context, sound []byte, ending, lang string) (reading.Text, error) {
	form, contentType, err := s.form(sound, ending, lang)
	if err != nil {
		return reading.Text{}, err
	}
	answer, err := s.ask.Post(ctx, "audio/transcriptions", contentType, form)
	if err != nil {
		return reading.Text{}, err
	}
	var known struct {
		Text *string `json:"text"`
	}
	if err := json.Unmarshal(answer, &known); err != nil || known.Text == nil {
		return reading.Text{}, errors.New("the server's answer is no transcript")
	}
	texts, err := transcript.Parse(transcript.Side{Kind: reading.Transcript, Form: "json"}, answer)
	if errors.Is(err, transcript.ErrNone) {
		return reading.Text{}, nil // nothing was said
	}
	if err != nil || len(texts) == 0 {
		return reading.Text{}, err
	}
	return texts[len(texts)-1], nil
}

// form is the request. The sound goes under a name that says its format alone.
func (s *Server) form(sound []byte, ending, lang string) ([]byte, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	fields := [][2]string{{"model", s.model}, {"response_format", "verbose_json"}, {"temperature", "0"}, {"timestamp_granularities[]", "segment"}}
	if lang != "" {
		base, _, _ := strings.Cut(lang, "-") // ISO 639-1
		fields = append(fields, [2]string{"language", base})
	}
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			return nil, "", err
		}
	}
	part, err := w.CreateFormFile("file", "audio"+ending)
	if err == nil {
		_, err = part.Write(sound)
	}
	err = errors.Join(err, w.Close())
	return b.Bytes(), w.FormDataContentType(), err
}
