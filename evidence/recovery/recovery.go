// Package recovery computes the RSA key of a sender from signatures alone.
//
// Each signature s over a block m states s^e = m modulo n, so that n divides
// s^e - m; of two signatures, n is the greatest common divisor of these, but
// for a small factor. A third one proves it, and two suffice: that two numbers
// share a divisor of that size by chance does not happen.
//
// What such a key shows is that whoever held it signed all the mails that it
// fits. It does not show whose key it is: who makes up mails can make up a key
// and sign them. And a mail that it does not fit may have been signed with
// another key that the sender used as well.
package recovery

import (
	"context"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"

	"unseal/evidence"
)

// Exponents are those tried, the cheap one first. Of the keys in use next to
// none has another.
var Exponents = []int{3, 65537}

// The limits of one recovery.
const (
	MaxSignatures = 50   // looked at for one name
	DefaultPairs  = 3    // pairs tried, each a minute or more with the large exponent
	DefaultBits   = 2048 // a pair of signatures of this size takes some minutes
)

// ErrNone says that no two of the signatures have a key in common, as far as
// was looked.
var ErrNone = errors.New("no two of these signatures give a key")

// Options bound the work; zero fields mean the defaults.
type Options struct {
	Pairs     int                            // pairs of signatures tried with each exponent
	Bits      int                            // longer signatures are tried with small exponents only
	Exponents []int                          // instead of Exponents
	Progress  func(pair, pairs, percent int) // may be nil; of the pair under way
}

// Key is a recovered key.
type Key struct {
	Modulus *big.Int
	E       int
	Fits    int // of the signatures given, the distinct ones that it fits
	Of      int // the distinct ones given
}

// Record is the key as the text of a DKIM key record, as RFC 6376 section
// 3.6.1 has it; what else the sender's record said is not known.
func (k *Key) Record() string {
	der, err := asn1.Marshal(struct {
		N *big.Int
		E int
	}{k.Modulus, k.E})
	if err != nil {
		panic(err) // two numbers
	}
	return "k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// smallExponent is one whose numbers math is done with in no time.
const smallExponent = 257

// Recover finds the key behind signatures of one name. Repeated ones count
// once, and of more than MaxSignatures the rest is not looked at. Keys may have
// changed under the name: the first found is given. The error is ErrNone or
// that of ctx.
func Recover(ctx context.Context, sigs []evidence.RSASignature, o Options) (*Key, error) {
	o.complete()
	all := equations(sigs)
	for _, e := range o.Exponents {
		pairs := o.choose(all, e)
		for i, p := range pairs {
			n, err := fromPair(ctx, p, e, func(percent int) { o.Progress(i+1, len(pairs), percent) })
			if err != nil {
				return nil, err
			}
			if k := confirm(n, e, p, all); k != nil {
				return k, nil
			}
		}
	}
	return nil, ErrNone
}

func (o *Options) complete() {
	if o.Pairs == 0 {
		o.Pairs = DefaultPairs
	}
	if o.Bits == 0 {
		o.Bits = DefaultBits
	}
	if o.Exponents == nil {
		o.Exponents = Exponents
	}
	if o.Progress == nil {
		o.Progress = func(int, int, int) {}
	}
}

// equation is s^e = m modulo a number of size bytes.
type equation struct {
	s, m *big.Int
	size int
}

func equations(sigs []evidence.RSASignature) (all []equation) {
	for _, g := range sigs {
		q := equation{new(big.Int).SetBytes(g.Value), new(big.Int).SetBytes(g.Block), len(g.Value)}
		again := func(o equation) bool { return o.size == q.size && o.s.Cmp(q.s) == 0 }
		if q.s.Cmp(big.NewInt(1)) > 0 && !slices.ContainsFunc(all, again) && len(all) < MaxSignatures {
			all = append(all, q)
		}
	}
	return all
}

// choose gives the pairs to try with an exponent: signatures of equal size,
// first each with its next neighbour, so that one that was tampered with spoils
// few of them.
func (o *Options) choose(all []equation, e int) (pairs [][2]equation) {
	for apart := 1; apart < len(all); apart++ {
		for i := 0; i+apart < len(all); i++ {
			a, b := all[i], all[i+apart]
			neighbours := apart > 1 || i%2 == 0 || len(all) < 4
			if len(pairs) < o.Pairs && neighbours && a.size == b.size && (e <= smallExponent || 8*a.size <= o.Bits) {
				pairs = append(pairs, [2]equation{a, b})
			}
		}
	}
	return pairs
}

// fromPair is a multiple of the modulus, if both were made with one key.
func fromPair(ctx context.Context, p [2]equation, e int, tell func(percent int)) (*big.Int, error) {
	tell(0)
	var of [2]*big.Int
	for i, q := range p {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		of[i] = new(big.Int).Exp(q.s, big.NewInt(int64(e)), nil)
		if of[i].Sub(of[i], q.m).Sign() <= 0 {
			return new(big.Int), nil // a signature too small for its block
		}
	}
	whole := of[0].BitLen()
	return gcd(ctx, of[0], of[1], func(left int) { tell(100 - 100*left/whole) })
}

// maxFactor bounds the search for the small factor that a divisor found has
// beside the modulus: one that is larger comes up once in 65,536 pairs.
const maxFactor = 1 << 16

// maxExcess is how many bits a divisor may have beyond the modulus: the chance
// of more is next to none, and the work on it would have no bound.
const maxExcess = 256

// confirm makes the modulus of a multiple of it: every signature that fits
// takes away what is too much, then small factors are divided out. Nil when
// the pair does not fit the result.
func confirm(n *big.Int, e int, p [2]equation, all []equation) *Key {
	exp := big.NewInt(int64(e))
	if !plausible(n, p[0].size) || n.BitLen() > 8*p[0].size+maxExcess {
		return nil
	}
	for _, q := range all {
		r := new(big.Int).Exp(q.s, exp, n)
		if r.GCD(nil, nil, r.Sub(r, q.m).Mod(r, n), n); plausible(r, p[0].size) {
			n = r
		}
	}
	n = withoutSmallFactors(n, 8*p[0].size)
	k := &Key{Modulus: n, E: e, Of: len(all)}
	for _, q := range all {
		if q.fits(n, exp) {
			k.Fits++
		}
	}
	if !p[0].fits(n, exp) || !p[1].fits(n, exp) {
		return nil
	}
	return k
}

// plausible reports whether n is long enough to have the modulus in it.
func plausible(n *big.Int, size int) bool { return n.BitLen() > 8*(size-1) }

// withoutSmallFactors divides by small numbers for as long as n is longer than
// bits allow. A modulus itself has no small factor.
func withoutSmallFactors(n *big.Int, bits int) *big.Int {
	n = new(big.Int).Set(n)
	var q, r big.Int
	for f := int64(2); f < maxFactor; f++ {
		for {
			if q.QuoRem(n, big.NewInt(f), &r); r.Sign() != 0 || q.BitLen() <= bits-8 {
				break
			}
			n.Set(&q)
		}
	}
	return n
}

func (q equation) fits(n, e *big.Int) bool {
	return q.s.Cmp(n) < 0 && plausible(n, q.size) && n.BitLen() <= 8*q.size && new(big.Int).Exp(q.s, e, n).Cmp(q.m) == 0
}
