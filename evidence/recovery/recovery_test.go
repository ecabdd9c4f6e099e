package recovery

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"testing"

	"unseal/evidence"
)

// key is an RSA key made for the test, of any size and exponent.
type key struct {
	n, d *big.Int
	e    int
}

func newKey(t testing.TB, bits, e int) *key {
	t.Helper()
	for {
		p, err := rand.Prime(rand.Reader, bits/2)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, bits-bits/2)
		if err != nil {
			t.Fatal(err)
		}
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		k := &key{n: new(big.Int).Mul(p, q), d: new(big.Int).ModInverse(big.NewInt(int64(e)), phi), e: e}
		if k.d != nil && k.n.BitLen() == bits {
			return k
		}
	}
}

// signature signs a block that looks as one of PKCS#1 does and ends in the text.
func (k *key) signature(text string) evidence.RSASignature {
	size := (k.n.BitLen() + 7) / 8
	block := slices.Repeat([]byte{0xff}, size)
	block[0], block[1], block[size-len(text)-1] = 0, 1, 0
	copy(block[size-len(text):], text)
	s := new(big.Int).Exp(new(big.Int).SetBytes(block), k.d, k.n)
	return evidence.RSASignature{Domain: "example.org", Selector: "s", Value: s.FillBytes(make([]byte, size)), Block: block}
}

func (k *key) signatures(n int) (all []evidence.RSASignature) {
	for i := range n {
		all = append(all, k.signature(fmt.Sprintf("digest no %020d", i)))
	}
	return all
}

// tampered is a signature whose mail was changed: it is over another block.
func tampered(s evidence.RSASignature) evidence.RSASignature {
	s.Block = slices.Clone(s.Block)
	s.Block[len(s.Block)-1] ^= 1
	return s
}

func TestTheKeyComesOutOfTwoSignatures(t *testing.T) {
	for _, c := range []struct{ bits, e int }{{512, 3}, {1023, 3}, {2048, 3}, {768, 257}} {
		k := newKey(t, c.bits, c.e)
		for n := 2; n <= 4; n++ {
			got, err := Recover(context.Background(), k.signatures(n), Options{Exponents: []int{3, c.e}})
			if err != nil {
				t.Fatalf("%d bits, exponent %d, %d signatures: %v", c.bits, c.e, n, err)
			}
			if got.Modulus.Cmp(k.n) != 0 || got.E != c.e || got.Fits != n || got.Of != n {
				t.Errorf("%d bits, exponent %d: another key, or it fits %d of %d", c.bits, c.e, got.Fits, got.Of)
			}
			var keys evidence.Keys
			keys.Add(evidence.Key{Domain: "example.org", Selector: "s", Record: got.Record()})
			if b := keys.All()[0].Bits(); b != c.bits {
				t.Errorf("its record is read as one of %d bits, want %d: %v", b, c.bits, keys.All()[0].Fault())
			}
		}
	}
}

// The one exponent that is in use. It takes a while: 33 million bits a number.
func TestTheUsualExponent(t *testing.T) {
	if os.Getenv("UNSEAL_LONG") == "" {
		t.Skip("takes a minute: make long")
	}
	k, last := newKey(t, 512, 65537), -1
	got, err := Recover(context.Background(), k.signatures(3), Options{Progress: func(pair, pairs, percent int) {
		if percent < last && percent > 0 || percent > 100 || pair > pairs {
			t.Errorf("progress %d %% after %d %%, pair %d of %d", percent, last, pair, pairs)
		}
		last = percent
	}})
	if err != nil || got.Modulus.Cmp(k.n) != 0 || got.E != 65537 || got.Fits != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
}

// The negative control: mails that were changed give no key, and do not hide
// that of the others.
func TestTamperedMailsGiveNoKey(t *testing.T) {
	k, other := newKey(t, 1024, 3), newKey(t, 1024, 3)
	good := k.signatures(4)
	for name, c := range map[string]struct {
		sigs []evidence.RSASignature
		fits int // 0: no key
	}{
		"none":                  {nil, 0},
		"one":                   {good[:1], 0},
		"one, twice":            {[]evidence.RSASignature{good[0], good[0]}, 0},
		"one good, one changed": {[]evidence.RSASignature{good[0], tampered(good[1])}, 0},
		"both changed":          {[]evidence.RSASignature{tampered(good[0]), tampered(good[1])}, 0},
		"of two keys":           {[]evidence.RSASignature{good[0], other.signature("x")}, 0},
		"two good, one changed": {[]evidence.RSASignature{good[0], tampered(good[1]), good[2]}, 2},
		"changed ones first":    {[]evidence.RSASignature{tampered(good[0]), tampered(good[1]), good[2], good[3]}, 2},
		"of other lengths":      {[]evidence.RSASignature{good[0], newKey(t, 768, 3).signature("x"), good[1]}, 2},
		"zero and one":          {[]evidence.RSASignature{{Value: make([]byte, 128), Block: good[0].Block}, {Value: append(make([]byte, 127), 1), Block: good[0].Block}, {Value: append(make([]byte, 127), 2), Block: good[0].Block}}, 0},
	} {
		got, err := Recover(context.Background(), c.sigs, Options{Exponents: []int{3}, Pairs: 6})
		switch {
		case c.fits == 0 && !errors.Is(err, ErrNone):
			t.Errorf("%s: %+v, %v", name, got, err)
		case c.fits > 0 && (err != nil || got.Modulus.Cmp(k.n) != 0 || got.Fits != c.fits):
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestTheWorkIsBounded(t *testing.T) {
	k := newKey(t, 1024, 3)
	sigs := k.signatures(MaxSignatures + 10)
	for i := range sigs {
		sigs[i] = tampered(sigs[i])
	}
	tried := map[int]bool{}
	_, err := Recover(context.Background(), sigs, Options{Pairs: 7, Bits: 512, Progress: func(pair, pairs, _ int) { tried[pair] = pairs == 7 }})
	if !errors.Is(err, ErrNone) || len(tried) != 7 || !tried[7] {
		t.Errorf("%v, pairs tried: %v", err, tried)
	}
	if n := len(equations(sigs)); n != MaxSignatures {
		t.Errorf("%d signatures looked at", n)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Recover(ctx, sigs, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after a stop: %v", err)
	}
}
