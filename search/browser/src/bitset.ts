// Sets of documents.

export class Bitset {
  readonly words: Uint32Array;

  constructor(readonly size: number) {
    this.words = new Uint32Array(Math.ceil(size / 32));
  }

  /** All of [from, to). */
  static range(size: number, from: number, to: number): Bitset {
    const s = new Bitset(size);
    for (let d = from; d < to; ) {
      if (d % 32 === 0 && d + 32 <= to) {
        s.words[d >>> 5] = 0xffffffff;
        d += 32;
      } else s.add(d++);
    }
    return s;
  }

  has(d: number): boolean {
    return (this.words[d >>> 5]! & (1 << (d & 31))) !== 0;
  }

  add(d: number): void {
    this.words[d >>> 5]! |= 1 << (d & 31);
  }

  remove(d: number): void {
    this.words[d >>> 5]! &= ~(1 << (d & 31));
  }

  /** The least member not below d, or -1. */
  next(d: number): number {
    let w = d >>> 5;
    if (w >= this.words.length) return -1;
    let x = this.words[w]! & (-1 << (d & 31));
    while (x === 0) {
      if (++w >= this.words.length) return -1;
      x = this.words[w]!;
    }
    return w * 32 + 31 - Math.clz32(x & -x);
  }

  /** The greatest member not above d, or -1. */
  prev(d: number): number {
    if (d < 0) return -1;
    let w = d >>> 5;
    let x = this.words[w]! & (0xffffffff >>> (31 - (d & 31)));
    while (x === 0) {
      if (--w < 0) return -1;
      x = this.words[w]!;
    }
    return w * 32 + 31 - Math.clz32(x);
  }

  count(from = 0, to = this.size): number {
    let n = 0;
    for (let w = from >>> 5; w * 32 < to; w++) {
      let x = this.words[w]!;
      if (w === from >>> 5) x &= -1 << (from & 31);
      if ((w + 1) * 32 > to) x &= (1 << (to & 31)) - 1;
      x -= (x >>> 1) & 0x55555555;
      x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
      n += Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    return n;
  }

  empty(): boolean {
    return this.words.every((w) => w === 0);
  }

  /** Adds the members of another set of the same size. */
  unite(o: Bitset): void {
    for (let w = 0; w < this.words.length; w++) this.words[w]! |= o.words[w]!;
  }

  /** The members that are not in another set of the same size. */
  without(o: Bitset): Bitset {
    const s = new Bitset(this.size);
    for (let w = 0; w < s.words.length; w++) s.words[w] = this.words[w]! & ~o.words[w]!;
    return s;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let d = this.next(0); d >= 0; d = this.next(d + 1)) yield d;
  }
}
