package whatsapp

import (
	"strings"
	"testing"

	"unseal/intake/chat/draft"
	"unseal/intake/reader"
)

func read(t testing.TB, text string) (Result, reader.Result) {
	t.Helper()
	c := draft.New("whatsapp")
	found, err := Read(strings.NewReader(text), int64(len(text)), "", c)
	if err != nil && err != ErrNone {
		t.Fatal(err)
	}
	return found, c.Finish()
}

func TestLinesOfAnotherFormStayText(t *testing.T) {
	found, res := read(t, "some words before\n[18/03/22, 14:56:01] A: look what he wrote:\n18/03/22, 14:50 - B: nonsense\n[18/03/22, 14:57:01] B: I did\n[18/03/22, 14:58:01] A: so?\n")
	c := res.Reading.Chain
	if len(c.Messages) != 3 || found.Foreign != 1 || found.Before != 1 || !strings.HasSuffix(c.Messages[0].Text, "- B: nonsense") {
		t.Errorf("%+v %+v", found, c.Messages)
	}
}

func TestWhoExportedIsKnownByWhatHeDeleted(t *testing.T) {
	_, res := read(t, "18/03/22, 14:56 - A: hi\n18/03/22, 14:57 - B: This message was deleted\n18/03/22, 14:58 - A: You deleted this message\n")
	for _, m := range res.Reading.Chain.Members {
		if m.Self != (m.Name == "A") {
			t.Errorf("%+v", m)
		}
	}
}

func TestALongMessageIsCutAndSaidSo(t *testing.T) {
	_, res := read(t, "18/03/22, 14:56 - A: "+strings.Repeat("x", 3*draft.MaxMessage)+"\n18/03/22, 14:57 - B: hi\n")
	c := res.Reading.Chain
	if len(c.Messages) != 2 || len(c.Messages[0].Text) > draft.MaxMessage || c.Messages[1].Text != "hi" {
		t.Error(len(c.Messages), len(c.Messages[0].Text))
	}
}

func TestLogsAndTablesAreNoChats(t *testing.T) {
	for _, text := range []string{
		"[2022-03-18 14:56:01] INFO: started\n[2022-03-18 14:56:02] ERROR: failed\n[2022-03-18 14:56:03] INFO: x\n",
		"[2022-03-18 14:56:01] app.ERROR: failed\n[2022-03-18 14:56:02] other.WARNING: x\n",
		"2022-03-18 14:56:01 - root - INFO: x\n2022-03-18 14:56:02 - root - INFO: x\n2022-03-18 14:56:02 - db - INFO: x\n",
		"18/03/2022, 14:56 - 15:30 lunch\n19/03/2022, 14:56 - 15:30 lunch\n",
		"Subject: hi\n\n[18/03/22, 14:56:01] one line\n",
		"[2022-03-18 14:56:01] /usr/bin/a: x\n[2022-03-18 14:56:02] /usr/bin/b: x\n",
		"date,name,text\n18/03/2022 14:56,A,x\n",
	} {
		if got := Detect([]byte(text)); got != None {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("18/03/22, 14:56 - A: hi\nthere\n18/03/22, 14:57 - B: <Media omitted>\nx\n")
	f.Add("\ufeff\u200e[3/18/22, 2:56:01 PM] A: \u200e<attached: a.jpg>\r\n[3/18/22, 14:57:01] B: \u200eYou deleted this message.")
	f.Add("[1/2/65, 1:2] \"a\": \u200eb.pdf • \u200e2 pages \u200edocument omitted")
	f.Fuzz(func(t *testing.T, text string) {
		found, res := read(t, text)
		Detect([]byte(text))
		c := res.Reading.Chain
		for i, m := range c.Messages {
			if m.N != i+1 || m.By >= len(c.Members) || m.From > m.To || m.To > len(res.Text) {
				t.Fatalf("%+v", m)
			}
			if m.When != "" && found.Decision.Order == "" {
				t.Fatal("a time without an order")
			}
		}
	})
}
