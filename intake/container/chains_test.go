package container

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
)

// twoChats is an export with one message in each of two chats.
const twoChats = `{"about":"Here is the data.","personal_information":{"first_name":"Ann"},"chats":{"about":"x","list":[
 {"name":"Ben","type":"personal_chat","id":1,"messages":[{"id":1,"type":"message","date":"2019-03-03T18:22:10","from":"Ben","from_id":"user2","text":"one"}]},
 {"name":"../Club","type":"private_group","id":2,"messages":[{"id":7,"type":"message","date":"2019-03-04T18:22:10","from":"Cat","from_id":"user3","text":"two"}]}
]}}`

func TestAnExportOfManyChatsHoldsThem(t *testing.T) {
	b := []byte(twoChats)
	if f := DetectIn(bytes.NewReader(b), int64(len(b)), b, "result.json"); f != Chains {
		t.Fatalf("taken for %q", f)
	}
	var names []string
	_, err := Expand(bytes.NewReader(b), int64(len(b)), Chains, Options{MaxEntries: 10}, func(m Member, r io.Reader) error {
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Contains(b, got) || got[0] != '{' || got[len(got)-1] != '}' {
			t.Errorf("%s: %v: %s", m.Name, err, got)
		}
		names = append(names, m.Name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"1 Ben.json", "2 .._Club.json"}; !slices.Equal(names, want) {
		t.Errorf("names %q", names)
	}
}

func TestAnExportOfOneChatStaysWhole(t *testing.T) {
	one := []byte(`{"about":"x","personal_information":{"first_name":"Ann"},"chats":{"list":[
 {"name":"Ben","type":"personal_chat","id":1,"messages":[{"id":1,"type":"message","date":"2019-03-03T18:22:10","from":"Ben","from_id":"user2","text":"one"}]}]}}`)
	_, err := Expand(bytes.NewReader(one), int64(len(one)), Chains, Options{MaxEntries: 10}, func(Member, io.Reader) error {
		t.Error("a member came out")
		return nil
	})
	if !errors.Is(err, ErrDocument) {
		t.Error(err)
	}
}
