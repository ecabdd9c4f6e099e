package recovery

import (
	"context"
	"math/big"
	"math/rand/v2"
	"testing"
)

func random(r *rand.Rand, bits int) *big.Int {
	b := make([]byte, (bits+7)/8)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	n := new(big.Int).SetBytes(b)
	return n.Rsh(n, uint(8*len(b)-bits))
}

func TestGCDIsThatOfMathBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 100 {
		size := 1 + r.IntN(90000)
		if i%3 == 0 {
			size = 1 + r.IntN(4000)
		}
		common := random(r, 1+r.IntN(3000))
		a := new(big.Int).Mul(random(r, size), common)
		b := new(big.Int).Mul(random(r, max(1, size-r.IntN(size/2+1))), common)
		a.Add(a, common)
		b.Add(b, common)
		want := new(big.Int).GCD(nil, nil, a, b)
		got, err := gcd(context.Background(), new(big.Int).Set(a), new(big.Int).Set(b), func(int) {})
		if err != nil || got.Cmp(want) != 0 {
			t.Fatalf("case %d, %d and %d bits: wrong, %v", i, a.BitLen(), b.BitLen(), err)
		}
	}
}

// BenchmarkGCD has the size of two signatures of a 512-bit key with the exponent 257.
func BenchmarkGCD(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	x, y := random(r, 512*257), random(r, 512*257)
	for b.Loop() {
		if _, err := gcd(b.Context(), new(big.Int).Set(x), new(big.Int).Set(y), func(int) {}); err != nil {
			b.Fatal(err)
		}
	}
}
