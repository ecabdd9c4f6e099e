// Finds the words within n edits of a pattern in the sorted dictionary:
// segment/fuzzy.go. It keeps the rows of the distance table for the current word
// and reuses those of the prefix that the next word shares. Where a row says
// that no word going on like this can match, it names the least prefix after it
// that can.

import { rawOf, type Segment, type Term } from "./format";

/** Calls hit for the terms of a kind whose words are within n edits of word. */
export async function fuzzyWalk(seg: Segment, kind: number, word: string, n: number, hit: (t: Term) => void): Promise<void> {
  const [m, ahead] = [new Automaton(word, n), new Automaton(word, n)];
  const head = String.fromCharCode(kind);
  const visit = (t: Term) => {
    if (t.term[0] !== head) return null;
    const next = m.step(t.term.slice(1));
    if (m.match) hit(t);
    if (next === "") return null;
    return next === null ? "" : head + next;
  };
  await seg.walk(head, visit, (from) => {
    if (from[0] !== head) return null;
    const next = ahead.step(from.slice(1));
    return next === "" ? null : next === null ? from : head + next;
  });
}

class Automaton {
  /** Whether the word last looked at is near enough. */
  match = false;
  private readonly pattern: number[];
  private readonly letters: number[];
  private readonly rows: number[][];
  private word: number[] = [];
  private ends: number[] = [];
  private last = "";

  constructor(
    word: string,
    private readonly n: number,
  ) {
    this.pattern = Array.from(word, (k) => k.codePointAt(0)!);
    this.letters = [...new Set(this.pattern)].sort((a, b) => a - b);
    this.rows = [Array.from({ length: this.pattern.length + 1 }, (_, j) => j)];
  }

  /**
   * Looks at the next word of the dictionary, a raw string. Returns null where
   * the next word is worth a look, else the least string after this one that
   * is; "" where there is none.
   */
  step(w: string): string | null {
    let common = 0;
    while (common < w.length && w[common] === this.last[common]) common++;
    let keep = 0;
    while (keep < this.word.length && this.ends[keep]! <= common) keep++;
    this.word.length = this.ends.length = keep;
    this.last = w;
    this.match = false;
    for (let at = this.ends[keep - 1] ?? 0; at < w.length; ) {
      const [c, size] = decode(w, at);
      this.word.push(c);
      this.ends.push(at + size);
      if (this.extend(c) > this.n) {
        const next = this.sibling(w.slice(0, at), w.slice(at, at + size), c);
        this.word.pop();
        this.ends.pop();
        return next;
      }
      at += size;
    }
    this.match = this.rows[this.word.length]![this.pattern.length]! <= this.n;
    return null;
  }

  /** The next character after the dead end c with which words that begin with prefix may match. */
  private sibling(prefix: string, last: string, c: number): string {
    if (this.extend(0x110000) <= this.n) return successor(prefix + last);
    for (const k of this.letters) if (k > c && this.extend(k) <= this.n) return prefix + rawOf(String.fromCodePoint(k));
    return successor(prefix);
  }

  /** Computes the row of the word's last character, taken to be c: the least distance that any longer word can have. */
  private extend(c: number): number {
    const { pattern, word, rows } = this;
    const i = word.length;
    word[i - 1] = c;
    const up = rows[i - 1]!;
    const row = (rows[i] ??= []);
    row[0] = i;
    let least = i;
    for (const [j, p] of pattern.entries()) {
      let d = up[j]!;
      if (p !== c) d = Math.min(d, up[j + 1]!, row[j]!) + 1;
      if (i > 1 && j > 0 && p === word[i - 2] && pattern[j - 1] === c) d = Math.min(d, rows[i - 2]![j - 1]! + 1);
      row[j + 1] = d;
      least = Math.min(least, d);
      // A swap may begin with this character: it counts from the row before.
      if (p === c && j > 0) least = Math.min(least, up[j - 1]! + 1);
    }
    return least;
  }
}

/** The character of UTF-8 at a place of a raw string, and its bytes; broken bytes are U+FFFD. */
function decode(w: string, at: number): [c: number, size: number] {
  const b = w.charCodeAt(at);
  const size = b < 0x80 ? 1 : b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc0 ? 2 : 0;
  if (size === 1) return [b, 1];
  let c = b & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) {
    const k = w.charCodeAt(at + i);
    if ((k & 0xc0) !== 0x80) return [0xfffd, 1]; // NaN, past the end, is no such byte either
    c = (c << 6) | (k & 0x3f);
  }
  return size === 0 ? [0xfffd, 1] : [c, size];
}

/** The least string greater than all that begin with s. */
export function successor(s: string): string {
  let n = s.length;
  while (n > 0 && s.charCodeAt(n - 1) === 0xff) n--;
  return n === 0 ? "" : s.slice(0, n - 1) + String.fromCharCode(s.charCodeAt(n - 1) + 1);
}
