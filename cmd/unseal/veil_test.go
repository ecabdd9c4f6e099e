package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mailsIn is an mbox file of whole mails in a folder of its own.
func mailsIn(t testing.TB, name string, mails ...string) string {
	t.Helper()
	var b strings.Builder
	for _, m := range mails {
		b.WriteString("From a@example.org Sat Jan  3 01:05:34 2015\n" + m + "\n")
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// published is a desk with mailboxes in collections, each batch of one item.
func published(t testing.TB, boxes map[string]string) (desk, dir string) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	desk, dir = filepath.Join(home, "desk"), filepath.Join(home, "archive")
	do(t, "init", desk)
	for coll, file := range boxes {
		do(t, "-C", desk, "ingest", filepath.Dir(file), "-c", coll)
		do(t, "-C", desk, "commit", coll)
		do(t, "-C", desk, "batch", "plan", coll, "--every", "1")
	}
	do(t, "-C", desk, "publish", "--yes", "--to", dir)
	return desk, dir
}

func letter(n, head, body string) string {
	return "From: Ada <ada@example.org>\nDate: Sun, 0" + n + " Jan 2015 04:05:06 +0000\nMessage-ID: <" + n + "@example.org>\n" + head + "\n" + body + "\n"
}

// TestWhatIsSaidOfItemsIsVeiledInEveryBatch hides what records of other batches
// say of their items: paths and names of threads; also in another collection.
func TestWhatIsSaidOfItemsIsVeiledInEveryBatch(t *testing.T) {
	root := strings.Replace(letter("1", "Subject: one\n", "Of "+secretName+"."), "<1@", "<quillfeather-77@", 1)
	desk, dir := published(t, map[string]string{
		"mail":  mailsIn(t, secretName+".mbox", root, letter("2", "Subject: two\nIn-Reply-To: <quillfeather-77@example.org>\n", "nothing"), letter("3", "Subject: three\n", "nothing")),
		"other": mailsIn(t, "box.mbox", letter("4", "Subject: four\n", "To "+secretName+".")),
	})
	before := steal(t, dir)
	const thread = `"thread":"9403ed6864811656"` // the digest of quillfeather-77@example.org
	if !strings.Contains(string(before.text), thread) || len(leaks(t, dir)) == 0 {
		t.Fatal("nothing is to be veiled")
	}
	do(t, "-C", desk, "redact", "mail", "--words", secretName, "--words", "quillfeather-77", "--reason", "privacy")
	do(t, "-C", desk, "publish", "--yes", "--to", dir)
	verifies(t, dir)
	for _, l := range leaks(t, dir) {
		t.Errorf("left: %+v", l)
	}
	if strings.Contains(string(steal(t, dir).text), thread) {
		t.Error("the name of the thread lets a guess at its hidden root be checked")
	}
	out := summaryOf(t, do(t, "-C", desk, "publish", "--yes", "--to", dir, "--json"))
	if out["editions"] != 0.0 {
		t.Errorf("published again: %v", out)
	}
}

func TestAHiddenDateIsNotInTheManifest(t *testing.T) {
	desk, dir := published(t, map[string]string{"mail": mailsIn(t, "box.mbox", letter("4", "Subject: one\n", "text"))})
	do(t, "-C", desk, "redact", "mail", "--text", "04:05:06", "--reason", "privacy")
	do(t, "-C", desk, "publish", "--yes", "--to", dir)
	verifies(t, dir)
	if at := regexp.MustCompile(`T04:05:06|04:05:06`).FindString(string(steal(t, dir).text)); at != "" {
		t.Errorf("%q is still told", at)
	}
}

func TestTheSignerOfARedactedDomainIsNotNamed(t *testing.T) {
	raw := strings.ReplaceAll(string(signedMail(t)), "\r\n", "\n")
	desk, dir := published(t, map[string]string{"mail": mailsIn(t, "box.mbox", raw)})
	do(t, "-C", desk, "redact", "mail", "--words", "example.org", "--reason", "privacy")
	do(t, "-C", desk, "publish", "--yes", "--to", dir)
	if strings.Contains(string(steal(t, dir).text), `"domain":"example.org"`) {
		t.Error("the record still names the domain")
	}
}

// TestShortWordsGoFromCopiesToo hides what is too short to be looked for.
func TestShortWordsGoFromCopiesToo(t *testing.T) {
	one := letter("1", "Subject: pin\n", "The PIN is 907 today.")
	desk, dir := published(t, map[string]string{"mail": mailsIn(t, "box.mbox", "Received: from p by q; Sun, 01 Jan 2015 04:05:07 +0000\n"+one, "Received: from p by r; Sun, 01 Jan 2015 04:05:08 +0000\n"+one)})
	out := do(t, "-C", desk, "redact", "mail/1", "--words", "907", "--reason", "privacy", "--json")
	if sum := summaryOf(t, out); sum["items"] != 2.0 || sum["short"] == nil {
		t.Errorf("hidden: %v", sum)
	}
	do(t, "-C", desk, "publish", "--yes", "--to", dir)
	if strings.Contains(do(t, "-C", dir, "cat", "mail/2"), "907") {
		t.Error("the copy still shows it")
	}
}

// TestAWithdrawalTakesCopiesAndForwards takes a mail back that has a copy, a
// reply, and a forward in another thread.
func TestAWithdrawalTakesCopiesAndForwards(t *testing.T) {
	const said = "The barge Melusine was never in the harbour that night."
	one := letter("1", "Subject: Melusine and the pilots\n", said)
	desk, dir := published(t, map[string]string{"mail": mailsIn(t, "box.mbox",
		"Received: from p by q; Sun, 01 Jan 2015 04:05:07 +0000\n"+one, "Received: from p by r; Sun, 01 Jan 2015 04:05:08 +0000\n"+one,
		letter("2", "Subject: Re: Melusine and the pilots\nIn-Reply-To: <1@example.org>\n", "> "+said+"\nYes."),
		letter("3", "Subject: Fwd: Melusine and the pilots\n", "----- Original Message -----\n"+said))})
	sum := summaryOf(t, do(t, "-C", desk, "withdraw", "mail/1", "--reason", "court-order", "--yes", "--i-am", "me", "--json"))
	if copies, _ := sum["copies"].([]any); len(copies) != 1 || sum["items"] != 2.0 {
		t.Errorf("withdrawn: %v", sum)
	}
	do(t, "-C", desk, "publish", "--yes", "--to", dir)
	verifies(t, dir)
	if text := string(steal(t, dir).text); strings.Contains(text, "Melusine") {
		t.Error("something of it is left")
	}
}

// TestWhatAPatternHidesInOneItemGoesFromAllThatItMatches hides a number that a
// pattern finds by the words around it, where it stands without them too.
func TestWhatAPatternHidesInOneItemGoesFromAllThatItMatches(t *testing.T) {
	desk, dir := published(t, map[string]string{"mail": mailsIn(t, "box.mbox",
		letter("1", "Subject: one\n", "call 55501234 now"), letter("2", "Subject: two\n", "call 66609876 now, not 55501234"))})
	sum := summaryOf(t, do(t, "-C", desk, "redact", "mail", "--text", `call [0-9]+`, "--reason", "privacy", "--json"))
	if sum["items"] != 2.0 {
		t.Errorf("hidden: %v", sum)
	}
	do(t, "-C", desk, "publish", "--yes", "--to", dir)
	verifies(t, dir)
	if text := string(steal(t, dir).text); strings.Contains(text, "66609876") {
		t.Error("a number is left")
	}
}

// TestASharedFooterIsNoQuote withdraws a mail whose footer stands in more mails
// of other threads than can be quotes of it; asked to, it hides it there too.
func TestASharedFooterIsNoQuote(t *testing.T) {
	const footer = "This list is kept by the harbour board of Varnmouth."
	mails := []string{letter("1", "Subject: the first of all\n", "alone here\n"+footer)}
	for i := range 21 {
		mails = append(mails, strings.Replace(letter("2", "Subject: another\n", "other\n"+footer), "<2@", "<other-"+string(rune('a'+i))+"@", 1))
	}
	desk, _ := published(t, map[string]string{"mail": mailsIn(t, "box.mbox", mails...)})
	sum := summaryOf(t, do(t, "-C", desk, "withdraw", "mail/1", "--reason", "mistake", "--dry-run", "--json"))
	if sum["elsewhere"] != 21.0 || sum["items"] != 0.0 {
		t.Errorf("the footer is taken for a quote: %v", sum)
	}
	sum = summaryOf(t, do(t, "-C", desk, "withdraw", "mail/1", "--reason", "mistake", "--dry-run", "--everywhere", "--json"))
	if sum["elsewhere"] != nil || sum["items"] != 21.0 {
		t.Errorf("asked to, it is left: %v", sum)
	}
}
