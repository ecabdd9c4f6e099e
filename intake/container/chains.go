package container

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"unseal/intake/chat"
	"unseal/trove"
)

// Chains is an export of many chats in one file: each is a member, whose bytes
// are those that stand in the file.
const Chains Format = "chains"

// noPath keeps the title of a chat from being read as a path.
var noPath = strings.NewReplacer("/", "_", `\`, "_")

// chains gives the chats of an export. With one alone it is no container.
func (x *expansion) chains(r io.ReaderAt, size int64) error {
	spans, err := chat.Split(r, size)
	if len(spans) < 2 {
		return ErrDocument
	}
	digits := len(strconv.Itoa(len(spans)))
	for i, s := range spans {
		name, safe := x.clean(fmt.Sprintf("%0*d %s.json", digits, i+1, noPath.Replace(s.Title)))
		if err := x.give(name, safe, trove.Verbatim, io.NewSectionReader(r, s.Offset, s.Length)); err != nil {
			return err
		}
	}
	return err
}
