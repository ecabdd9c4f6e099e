package house

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"

	"unseal/intake"
	"unseal/intake/calendar"
	"unseal/intake/chat"
	"unseal/intake/container"
	"unseal/intake/office"
	"unseal/intake/outlook"
	"unseal/intake/reader"
	"unseal/intake/table"
	"unseal/intake/voice"
	"unseal/intake/worker"
	"unseal/trove"
)

// leaf is a room that reads one sort of material, as it is connected to stages
// and kinds.
type leaf struct {
	// detect tells by the first bytes what a file is, and by its name what they
	// leave open; no kind where it is not of this sort.
	detect func(head []byte, name string) (trove.Kind, string)
	// takes reports whether the leaf reads such a file.
	takes func(kind trove.Kind, mediaType string) bool
	// confirm is asked for the file itself where kind and type are those of
	// files of others too; nil is yes.
	confirm func(head []byte) bool
	stages  map[reader.Stage]reader.Func
}

// leaves are all there are. The first that takes a file reads it, and the first
// that knows one says what it is; so those that know more of a file come first,
// and plain text is left to the last.
func leaves() []leaf {
	return []leaf{
		{
			detect: func(head []byte, _ string) (trove.Kind, string) { return voice.Takeout(head), "text/html" },
			takes: func(kind trove.Kind, mediaType string) bool {
				return (kind == trove.Chain || kind == trove.Doc) && mediaType == "text/html"
			},
			confirm: func(head []byte) bool { return voice.Takeout(head) != "" },
			stages:  map[reader.Stage]reader.Func{reader.Read: voice.ReadTakeout},
		},
		{
			detect: func(head []byte, _ string) (trove.Kind, string) {
				if _, ok := chat.Detect(head); ok {
					return trove.Chain, container.MediaType(head)
				}
				return "", ""
			},
			takes:  func(kind trove.Kind, _ string) bool { return kind == trove.Chain },
			stages: map[reader.Stage]reader.Func{reader.Read: chat.Read},
		},
		{
			detect: func(head []byte, name string) (trove.Kind, string) {
				if t := voice.Type(head, name); t != "" {
					return trove.Voice, t
				}
				return "", ""
			},
			takes:  func(kind trove.Kind, _ string) bool { return kind == trove.Voice },
			stages: map[reader.Stage]reader.Func{reader.Read: voice.Read, reader.Sound: voice.Sound, reader.Pieces: pieces},
		},
		{
			detect: func(head []byte, _ string) (trove.Kind, string) {
				if outlook.IsWinmail(head) {
					return trove.Doc, outlook.WinmailType
				}
				return "", ""
			},
			takes:  func(_ trove.Kind, mediaType string) bool { return mediaType == outlook.WinmailType },
			stages: map[reader.Stage]reader.Func{reader.Read: outlook.ReadWinmail},
		},
		{detect: calendar.Detect, takes: calendar.Takes, stages: map[reader.Stage]reader.Func{reader.Read: calendar.Read}},
		{detect: table.Detect, takes: table.Takes, stages: map[reader.Stage]reader.Func{reader.Read: table.Read}},
		{detect: office.Detect, takes: office.Takes, stages: map[reader.Stage]reader.Func{reader.Read: office.Read}},
	}
}

// kindOf tells what a file is: by what the leaves know, else by its media type.
// A leaf that panics knows nothing.
func kindOf() intake.KindOf {
	all := leaves()
	return func(head []byte, name string) (trove.Kind, string) {
		for i := range all {
			if all[i].detect == nil || len(head) == 0 {
				continue
			}
			if kind, mediaType := guardedDetect(all[i].detect, head, name); kind != "" {
				return kind, mediaType
			}
		}
		return intake.Kind(head, name)
	}
}

func guardedDetect(detect func([]byte, string) (trove.Kind, string), head []byte, name string) (kind trove.Kind, mediaType string) {
	defer func() {
		if recover() != nil {
			kind, mediaType = "", ""
		}
	}()
	return detect(head, name)
}

// readItem is what a child does: it finds the leaf that takes the item.
func readItem(ctx context.Context, in *reader.Input) reader.Result {
	head := make([]byte, min(in.Size, container.HeadSize))
	if _, err := io.ReadFull(io.NewSectionReader(in.Content, 0, in.Size), head); err != nil && in.Size > 0 {
		return reader.Result{Failed: "its bytes cannot be read: " + err.Error()}
	}
	for _, l := range leaves() {
		f := l.stages[in.Stage]
		if f != nil && l.takes(in.Kind, in.Type) && (l.confirm == nil || l.confirm(head)) {
			return f(ctx, in)
		}
	}
	return reader.Result{Failed: fmt.Sprintf("nothing here reads %s in stage %s", in.Type, in.Stage)}
}

// readVariable tells a child that it reads items that are no mails.
const readVariable = "UNSEAL_WORKER_READS"

// readKinds are the kinds of the items that stages look at.
var readKinds = []trove.Kind{trove.Mail, trove.Voice, trove.Chain, trove.Doc, trove.Image, trove.Table}

// stages connects the leaves to the stages of reading, in their order.
func stages(readers intake.ItemReader) []intake.Stage {
	all := leaves()
	var list []intake.Stage
	for _, name := range []reader.Stage{reader.Read, reader.Picture, reader.OCR, reader.Sound} {
		var of []leaf
		for _, l := range all {
			if l.stages[name] != nil {
				of = append(of, l)
			}
		}
		if len(of) > 0 {
			list = append(list, intake.Stage{Name: name, Kinds: readKinds, Takes: anyTakes(of), Reader: readers})
		}
	}
	return list
}

func anyTakes(of []leaf) func(trove.Kind, string) bool {
	return func(kind trove.Kind, mediaType string) bool {
		return slices.ContainsFunc(of, func(l leaf) bool { return l.takes(kind, mediaType) })
	}
}

// readers have items read in sandboxed children of this program.
func itemReaders() (*worker.Readers, error) {
	self, err := worker.Self()
	if err != nil {
		return nil, err
	}
	return worker.NewReaders(func(dir string) worker.Command {
		return worker.InSandbox(func() *exec.Cmd {
			c := self()
			c.Env = append(os.Environ(), readVariable+"=1")
			return c
		}, worker.ReadOptions(dir))
	}, ""), nil
}

// readerWork is the work of a child that reads items.
func readerWork() worker.Work { return worker.Work{Read: readItem, Memory: worker.ReadMemory} }
