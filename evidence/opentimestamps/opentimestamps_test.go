package opentimestamps_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"unseal/evidence/opentimestamps"
	"unseal/trove"
)

var (
	content = []byte("demo.example.org/log\n8\nbrp2XcZlsueK7ZoqubhjGTiPH5nHh4B1yXIcZUHqCCk=\n")
	digest  = trove.Sum(content)
)

const calendar = "https://calendar.example.org"

// pending and bitcoin are attestations as they stand in a file, tag included.
func pending(uri string) []byte {
	payload := append(binary.AppendUvarint(nil, uint64(len(uri))), uri...)
	return attestation("\x83\xdf\xe3\x0d\x2e\xf9\x0c\x8e", payload)
}

func bitcoin(height uint64) []byte {
	return attestation("\x05\x88\x96\x0d\x73\xd7\x19\x01", binary.AppendUvarint(nil, height))
}

func attestation(tag string, payload []byte) []byte {
	return append(append(append([]byte{0}, tag...), byte(len(payload))), payload...)
}

func extend(t testing.TB, p *opentimestamps.Proof, message, answer []byte) int {
	t.Helper()
	n, err := p.Extend(message, answer)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func reread(t testing.TB, p *opentimestamps.Proof) *opentimestamps.Proof {
	t.Helper()
	q, err := opentimestamps.Parse(p.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !opentimestamps.Is(p.Bytes()) || !bytes.Equal(q.Bytes(), p.Bytes()) {
		t.Fatalf("%x is written as %x", p.Bytes(), q.Bytes())
	}
	return q
}

// TestAProofGrowsFromAPromiseToABlock goes the way of a true one: a calendar
// promises, and later gives the operations that lead to a block.
func TestAProofGrowsFromAPromiseToABlock(t *testing.T) {
	p := opentimestamps.New(digest)
	extend(t, p, digest[:], append([]byte{0xf0, 2, 'a', 'b', 0x08}, pending(calendar)...))
	p = reread(t, p)
	list := p.Attestations()
	promised := trove.Sum(append(digest[:], 'a', 'b'))
	if len(list) != 1 || list[0].Kind != opentimestamps.Pending || list[0].URI != calendar || !bytes.Equal(list[0].Message, promised[:]) {
		t.Fatalf("%+v", list)
	}
	if got := p.Judge(); got[0].Result != "nokey" || got[0].Signer != calendar || !strings.HasPrefix(got[0].Cause, "pending") {
		t.Errorf("%+v", got)
	}
	answer := append([]byte{0xf1, 1, 'x', 0x08}, bitcoin(358391)...)
	if n := extend(t, p, promised[:], answer); n != 1 {
		t.Errorf("%d new", n)
	}
	if n := extend(t, p, promised[:], answer); n != 0 {
		t.Errorf("the same again: %d new", n)
	}
	root := trove.Sum(append([]byte{'x'}, promised[:]...))
	slices.Reverse(root[:])
	got := reread(t, p).Judge()
	want := trove.OtherSignature{Type: trove.OpenTimestamps, Result: "nokey", Signer: "Bitcoin block 358391", Fingerprint: root.String(),
		Cause: "commits to Bitcoin block 358391 if its merkle root is " + root.String() + ": compare with any Bitcoin node"}
	if len(got) != 1 || got[0] != want || !p.Attestations()[0].Kept {
		t.Errorf("%+v", got)
	}
	if !p.Covers(content) || p.Covers(content[1:]) {
		t.Error("it covers other bytes than its own")
	}
}

func TestProofsOfOneDigestAreJoined(t *testing.T) {
	make := func(uri string) *opentimestamps.Proof {
		p := opentimestamps.New(digest)
		extend(t, p, digest[:], append([]byte{0x08}, pending(uri)...))
		return p
	}
	p := make("https://a.example.org")
	for range 2 {
		if err := p.Join(make("https://b.example.org")); err != nil {
			t.Fatal(err)
		}
	}
	if list := reread(t, p).Attestations(); len(list) != 2 || !bytes.Equal(list[0].Message, list[1].Message) {
		t.Errorf("%+v", list)
	}
	if err := p.Join(opentimestamps.New(trove.Sum(nil))); !errors.Is(err, opentimestamps.ErrOther) {
		t.Errorf("another digest: %v", err)
	}
	if _, err := p.Extend([]byte("elsewhere"), pending(calendar)); !errors.Is(err, opentimestamps.ErrOther) {
		t.Errorf("another message: %v", err)
	}
}

// TestAllOperationsAreComputed: the digests of "abc", from FIPS 180 and the
// authors of RIPEMD-160.
func TestAllOperationsAreComputed(t *testing.T) {
	for op, want := range map[byte]string{
		0x02: "a9993e364706816aba3e25717850c26c9cd0d89d", 0x03: "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
		0x08: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 0xf2: "636261", 0xf3: hex.EncodeToString([]byte("616263")),
	} {
		if got := opentimestamps.Apply(op, nil, []byte("abc")); hex.EncodeToString(got) != want {
			t.Errorf("operation %#02x: %x, want %s", op, got, want)
		}
	}
	if opentimestamps.Apply(0x67, nil, []byte("abc")) != nil {
		t.Error("Keccak is not computed here")
	}
	unknown := opentimestamps.New(digest)
	extend(t, unknown, digest[:], append([]byte{0x67}, bitcoin(1)...))
	if got := reread(t, unknown).Judge(); got[0].Signer != "" || !strings.HasPrefix(got[0].Cause, "not judged") {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsNoProofIsRefused(t *testing.T) {
	good := opentimestamps.New(digest)
	extend(t, good, digest[:], append([]byte{0x08}, pending(calendar)...))
	whole := good.Bytes()
	head := whole[:32+1+32]
	deep := append(bytes.Clone(head), bytes.Repeat([]byte{0x08}, opentimestamps.MaxDepth+2)...)
	wide := append(bytes.Clone(head), append(bytes.Repeat(append([]byte{0xff}, bitcoin(1)...), 20_000), bitcoin(1)...)...)
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("text"), "version 2": bytes.Replace(whole, []byte("\x94\x01"), []byte("\x94\x02"), 1),
		"more": append(bytes.Clone(whole), 0), "deep": append(deep, bitcoin(1)...), "wide": wide, "large": append(bytes.Clone(whole), make([]byte, opentimestamps.MaxSize)...),
		"long message": append(append(bytes.Clone(head), bytes.Repeat([]byte{0xf3}, 8)...), bitcoin(1)...),
		"no operation": append(bytes.Clone(head), 0x55), "empty argument": append(append(bytes.Clone(head), 0xf0, 0), bitcoin(1)...),
		"an address that is none": append(bytes.Clone(head), pending("https://x/<b>")...),
	} {
		if _, err := opentimestamps.Parse(b); !errors.Is(err, opentimestamps.ErrSyntax) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range whole {
		if _, err := opentimestamps.Parse(whole[:i]); !errors.Is(err, opentimestamps.ErrSyntax) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	p := opentimestamps.New(digest)
	if _, err := p.Extend(digest[:], append([]byte{0xff, 0xf0, 1, 'a', 0x08}, append(pending(calendar), append([]byte{0x03}, bitcoin(7)...)...)...)); err != nil {
		f.Fatal(err)
	}
	f.Add(p.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := opentimestamps.Parse(b)
		if err != nil {
			return
		}
		q, err := opentimestamps.Parse(p.Bytes())
		if err != nil || !slices.EqualFunc(p.Attestations(), q.Attestations(), func(a, b opentimestamps.Attestation) bool {
			return a.Kind == b.Kind && a.Height == b.Height && a.URI == b.URI && bytes.Equal(a.Message, b.Message)
		}) {
			t.Errorf("written again it says something else: %v", err)
		}
		p.Judge()
	})
}
