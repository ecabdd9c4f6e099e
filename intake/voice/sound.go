package voice

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"unseal/intake/reader"
	"unseal/intake/tool"
	"unseal/reading"
)

// The files that [Sound] makes for browsers, the best first.
const (
	PlayOpus = "play.opus"
	PlayMP3  = "play.mp3"
)

// Limits of what is made.
const (
	maxPlay     = 256 << 20 // bytes of one file: a day of speech as Opus
	maxAsItCame = 64 << 20  // bytes of a recording that is played as it came
	maxSilenced = 500       // spans
)

// report is where ffmpeg writes what it does, its version first.
const (
	report    = "report"
	maxReport = 4 << 20
)

// errEmpty says that there is nothing to be heard.
var errEmpty = errors.New("the recording is empty, damaged or locked")

// The tone that stands for what was silenced.
const (
	toneHertz = 1000
	toneLevel = 0.1
)

// drift is how far the sound that is played may be longer or shorter than the
// bytes say, in seconds, before seconds of the one mean nothing in the other.
const drift = 0.2

// Sound makes what browsers play: Opus and MP3 in one channel, at rates for
// speech. The same bytes and the same ffmpeg give the same files. In the
// seconds of in.Silenced a tone stands, put there before anything is mixed or
// filtered, so that nothing of the original sound is under it. Stage
// reader.Sound.
func Sound(ctx context.Context, in *reader.Input) (res reader.Result) {
	if len(in.Silenced) > maxSilenced {
		res.Failed = fmt.Sprintf("more than %d spans of time are to be silenced", maxSilenced)
		return res
	}
	t, err := scan(in.Content, in.Size, true)
	if err != nil {
		t = &track{vague: true}
	}
	if _, absent := tool.Find("ffmpeg"); absent != nil {
		return asItCame(in, t)
	}
	if err := convert(ctx, in, t, &res); err != nil {
		if t.rate == 0 {
			err = errEmpty // and not in ffmpeg's words
		}
		return reader.Result{Failed: "no sound could be made that browsers play: " + err.Error()}
	}
	res.By = version(in.Dir)
	if err := agree(in, t, &res); err != nil {
		return reader.Result{Failed: "no sound could be made that browsers play: " + err.Error()}
	}
	return res
}

// convert runs ffmpeg once for all files.
func convert(ctx context.Context, in *reader.Input, t *track, res *reader.Result) error {
	if err := place(in); err != nil {
		return err
	}
	forms := formsOf(t)
	args := append(guarded(t), "-nostdin", "-threads", "1", "-i", source, "-filter_complex", filter(in.Silenced, forms))
	for _, f := range forms {
		args = append(args, "-map", "["+f.Name+"]", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
		args = append(append(args, f.args...), f.Name)
	}
	if _, err := tool.Run(ctx, tool.Command{Name: "ffmpeg", Args: args, Dir: in.Dir, Env: []string{"FFREPORT=level=32:file=" + report}, Max: 1 << 20}); err != nil {
		return err
	}
	res.Reading.Sound = &reading.Sound{Silenced: in.Silenced}
	for _, f := range forms {
		b, err := tool.Get(in.Dir, f.Name, maxPlay)
		if err != nil {
			return err
		}
		f.Bytes = b
		res.Files = append(res.Files, f.Made)
		res.Reading.Sound.Play = append(res.Reading.Sound.Play, f.Name)
	}
	return nil
}

// form is a file to be made: its sampling rate and what ffmpeg is told of it.
type form struct {
	reader.Made
	rate int
	args []string
}

var (
	opus = form{reader.Made{Name: PlayOpus, Type: "audio/ogg"}, 48000, []string{"-c:a", "libopus", "-b:a", "24k", "-application", "voip", "-f", "ogg"}}
	mp3  = form{reader.Made{Name: PlayMP3, Type: "audio/mpeg"}, 24000, []string{"-c:a", "libmp3lame", "-b:a", "48k", "-reservoir", "0", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"}}
)

// tooLong is from how many seconds on there is no time to make both files.
const tooLong = 2 * 3600

// formsOf are the files to be made of a recording.
func formsOf(t *track) []form {
	if t.seconds > tooLong {
		f := mp3
		f.args = append([]string{"-compression_level", "9"}, f.args...) // ten hours in a minute
		return []form{f}
	}
	return []form{opus, mp3}
}

// filter is what ffmpeg does with the sound. Times count samples from the
// first, whatever the file says of its beginning; each sample of a silenced
// span is replaced by itself.
func filter(silenced []reading.Span, forms []form) string {
	tone := ""
	if len(silenced) > 0 {
		var spans []string
		for _, s := range silenced {
			spans = append(spans, fmt.Sprintf("gte(t,%.6f)*lt(t,%.6f)", s.From, s.To))
		}
		tone = fmt.Sprintf("aeval='if(%s,%g*sin(2*PI*%d*t),val(ch))':c=same,", strings.Join(spans, "+"), toneLevel, toneHertz)
	}
	graph := fmt.Sprintf("[0:a:0]asetpts=N/SR/TB,%saformat=channel_layouts=mono,asplit=%d", tone, len(forms))
	each := ""
	for _, f := range forms {
		graph += "[to-" + f.Name + "]"
		each += fmt.Sprintf(";[to-%s]aresample=%d[%s]", f.Name, f.rate, f.Name)
	}
	return graph + each
}

// agree holds the made sound against the length that the bytes tell.
func agree(in *reader.Input, t *track, res *reader.Result) error {
	b := res.Files[0].Bytes
	made, err := scan(bytes.NewReader(b), int64(len(b)), false)
	if err != nil || made.seconds == 0 {
		return errEmpty
	}
	if t.seconds == 0 {
		res.Reading.Sound.Seconds = milli(made.seconds)
	}
	if len(in.Silenced) > 0 && !t.vague && math.Abs(made.seconds-t.seconds) > drift {
		return fmt.Errorf("the sound as it is played lasts %.1f s, and %.1f s as the bytes tell: which bytes carry which second is not sure", made.seconds, t.seconds)
	}
	return nil
}

// version is what ffmpeg calls itself in its report.
func version(dir string) string {
	b, _ := tool.Get(dir, report, maxReport)
	_, rest, _ := strings.Cut(string(b), "ffmpeg version ")
	number, _, _ := strings.Cut(rest, " ")
	if number == "" || len(number) > 40 {
		return "ffmpeg"
	}
	return "ffmpeg " + oneLine(number)
}

// played are the formats that browsers play as they are, by codec, with the
// ending of the file.
var played = map[string]string{"pcm_u8": "wav", "pcm_s16le": "wav", "pcm_s24le": "wav", "mp3": "mp3", "opus": "opus", "vorbis": "ogg", "flac": "flac", "aac": "m4a"}

// asItCame is what can be had without ffmpeg.
func asItCame(in *reader.Input, t *track) (res reader.Result) {
	ext, ok := played[t.codec]
	ok = ok && (ext == "opus" || ext == t.format || t.format == "mov")
	res.Partly = "ffmpeg is not installed: the recording is played as it came"
	b, err := in.Bytes(maxAsItCame)
	switch {
	case err != nil:
		ok = false
	case len(in.Silenced) > 0:
		ok = ok && t.format == "wav" && t.grid != nil
		if ok {
			b = t.silence(b, in.Silenced)
		}
	}
	if !ok {
		res.Partly = "ffmpeg is not installed, and browsers do not play this recording"
		return res
	}
	name := "play." + ext
	res.Files = []reader.Made{{Name: name, Type: t.mime, Bytes: b}}
	res.Reading.Sound = &reading.Sound{Play: []string{name}, Silenced: in.Silenced}
	return res
}

// silence puts the tone into plain samples, and leaves out what is neither
// sound nor needed to play it.
func (t *track) silence(b []byte, spans []reading.Span) []byte {
	out := make([]byte, 0, len(b))
	for _, e := range t.keep {
		if e.to <= t.grid.from {
			out = append(out, b[e.from:e.to]...)
		}
	}
	head := len(out)
	out = append(out, b[t.grid.from:t.grid.to]...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	data := out[head:]
	wide := int(t.grid.unit) / t.channels
	_, hidden := t.grid.split(t, spans)
	for _, h := range hidden {
		for at := h.from; at < h.to; at += t.grid.unit {
			n := (at - t.grid.from) / t.grid.unit
			v := toneLevel * math.Sin(2*math.Pi*toneHertz*float64(n)/float64(t.rate))
			for c := range t.channels {
				sample(data[at-t.grid.from+int64(c*wide):][:wide], v)
			}
		}
	}
	return out
}

// sample writes v, from -1 to 1, as a sample of WAVE: unsigned with one byte,
// signed and the low byte first with more.
func sample(b []byte, v float64) {
	if len(b) == 1 {
		b[0] = byte(128 + 127*v)
		return
	}
	n := int32(v * math.MaxInt32)
	for i := range b {
		b[i] = byte(n >> (32 - 8*len(b) + 8*i))
	}
}
