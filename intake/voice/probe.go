package voice

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"unseal/intake/reader"
	"unseal/intake/tool"
)

// source is what a recording is called in the tools' folder.
const source = "in"

// containers are the formats that ffmpeg may read: none of them loads other
// files, as playlists do.
const containers = "aac,aiff,amr,amrnb,amrwb,asf,au,caf,flac,gsm,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,ogg,w64,wav"

// guarded are the arguments before an input, for ffmpeg and ffprobe alike.
func guarded(t *track) []string {
	args := []string{"-v", "error", "-protocol_whitelist", "file", "-format_whitelist", containers}
	if t != nil && t.format == "gsm" {
		args = append(args, "-f", "gsm")
	}
	return args
}

// place writes the recording into the tools' folder, once.
func place(in *reader.Input) error {
	return tool.Put(in.Dir, source, io.NewSectionReader(in.Content, 0, in.Size))
}

// probe asks ffprobe what a recording is.
func probe(ctx context.Context, in *reader.Input) (*track, error) {
	if _, err := tool.Find("ffprobe"); err != nil {
		return nil, err
	}
	if err := place(in); err != nil {
		return nil, err
	}
	args := append(guarded(nil), "-select_streams", "a:0", "-show_entries", "stream=codec_name,sample_rate,channels,duration:format=duration", "-of", "json", source)
	out, err := tool.Run(ctx, tool.Command{Name: "ffprobe", Args: args, Dir: in.Dir, Max: 1 << 20})
	if err != nil {
		return nil, err
	}
	return parseProbe(out)
}

// parseProbe reads what ffprobe wrote.
func parseProbe(out []byte) (*track, error) {
	var v struct {
		Streams []struct {
			Codec    string `json:"codec_name"`
			Rate     string `json:"sample_rate"`
			Channels int    `json:"channels"`
			Duration string `json:"duration"`
		}
		Format struct{ Duration string }
	}
	if err := json.Unmarshal(out, &v); err != nil {
		return nil, err
	}
	if len(v.Streams) == 0 || v.Streams[0].Codec == "" {
		return nil, errors.New("ffprobe finds no sound")
	}
	s := v.Streams[0]
	t := &track{codec: s.Codec, channels: s.Channels, vague: true}
	t.rate, _ = strconv.Atoi(s.Rate)
	for _, d := range []string{s.Duration, v.Format.Duration} {
		if t.seconds == 0 {
			t.seconds, _ = strconv.ParseFloat(d, 64)
		}
	}
	return t, t.sane()
}
