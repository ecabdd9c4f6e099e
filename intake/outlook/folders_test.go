package outlook

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"unseal/intake/mail"
	"unseal/intake/outlook/mapi"
	"unseal/intake/outlook/pst"
	"unseal/intake/outlook/pst/psttest"
	"unseal/trove"
)

func values(props ...prop) (list []psttest.Prop) {
	for _, p := range props {
		list = append(list, psttest.Prop{ID: p.id, Type: p.t, Value: p.b})
	}
	return list
}

// mailbox is a PST with a password, a folder whose name has a slash and whose
// count is wrong, a message with a message in it, one without its folder, and
// an entry that Outlook hides.
func mailbox() []byte {
	inner := psttest.Node{NID: 0x9fe1, Props: values(words(messageClass, "IPM.Note"), words(subject, "inside"), words(body, "deeper"))}
	object := prop{attachData, mapi.Object, append(le.AppendUint32(nil, inner.NID), 0, 0, 0, 0)}
	return psttest.File([]psttest.Node{
		{NID: pst.Store, Props: values(num(pstPassword, 0xe61eb50f), num(storeCodepage, 1251))},
		{NID: 0x61, Props: values(prop{3, mapi.Binary, nil})},
		{NID: pst.RootFolder, Parent: pst.RootFolder, Props: values(words(displayName, ""))},
		{NID: 0x8022, Parent: pst.RootFolder, Props: values(words(displayName, "Top"))},
		{NID: 0x8042, Parent: 0x8022, Props: values(words(displayName, "In/Out ../x"), num(contentCount, 3))},
		{NID: 0x200024, Parent: 0x8042, Props: values(words(messageClass, "IPM.Note"), words(subject, "\x01\x05RE: outside"), words(body, "hello"), sent), Below: []psttest.Node{
			{NID: 0x8025, Props: values(object), Below: []psttest.Node{inner}},
			{NID: 0x8045, Props: values(words(attachLongFilename, "a.bin"), prop{attachData, mapi.Binary, bytes.Repeat([]byte("q"), 1<<20+5)})},
		}},
		{NID: 0x200044, Parent: 0xbad2, Props: values(prop{subject, mapi.String8, []byte("\xcf\xf0\xe8\xe2\xe5\xf2")})},
		{NID: 0x200068, Parent: 0x8042, Props: values(words(subject, "a view"))},
	}, 0, nil)
}

func TestAMailboxFileOpens(t *testing.T) {
	b := mailbox()
	got := map[string]trove.Record{}
	notes, err := Expand(bytes.NewReader(b), int64(len(b)), PST, func(m Member) error {
		raw, err := io.ReadAll(m)
		got[m.Name], _ = mail.Parse(raw)
		return err
	})
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	first, lostOne := got["Top/In∕Out ..∕x/2097188.eml"], got["messages without a folder/2097220.eml"]
	if first.Subject != "RE: outside" || first.Nested != 1 || lostOne.Subject != "Привет" {
		t.Errorf("%+v\n%+v", first, lostOne)
	}
	big := slices.ContainsFunc(first.Parts, func(p trove.Part) bool { return p.Name == "a.bin" && p.Size == 1<<20+5 })
	if !big {
		t.Errorf("%+v", first.Parts)
	}
	said := ""
	for _, n := range notes {
		said += n.Text + "\n"
		if n.Lost != strings.Contains(n.Text, "3 entries") {
			t.Errorf("%+v", n)
		}
	}
	for _, want := range []string{"password", "says that it has 3 entries; 1 were found", "1 hidden"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %q", want, said)
		}
	}
}

func TestADamagedMailboxEnds(t *testing.T) {
	b := mailbox()
	for cut := 0; cut < len(b); cut += 997 {
		_, _ = Expand(bytes.NewReader(b[:cut]), int64(cut), PST, func(m Member) error {
			_, err := io.Copy(io.Discard, m)
			return err
		})
	}
}

// FuzzPST gives any bytes as a file of folders and writes its messages.
func FuzzPST(f *testing.F) {
	f.Add(mailbox()[:12_000])
	f.Fuzz(func(t *testing.T, b []byte) { fuzzExpand(t, b, PST) })
}
