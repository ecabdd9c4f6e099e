// The trees: those of RFC 6962 section 2.1, and the salted tree over the
// segments of one item (docs/archive-format.md, section 5).

import { sha256, type Digest } from "./sha256";

// What stands before the bytes of each kind of hash, so that none can pass for another.
const leafPrefix = new Uint8Array([0x00]);
const nodePrefix = new Uint8Array([0x01]);
const seedPrefix = new Uint8Array([0x02]);

export function leafHash(...data: Uint8Array[]): Digest {
  return sha256(leafPrefix, ...data);
}

export function nodeHash(left: Digest, right: Digest): Digest {
  return sha256(nodePrefix, left, right);
}

/**
 * The root that follows from a leaf at index in a tree of size leaves by an
 * audit path (RFC 6962 section 2.1.1), the lowest hash first. Undefined if the
 * path has not exactly the hashes it needs. index is below size.
 */
export function rootOfPath(path: Digest[], size: bigint, index: bigint, leaf: Digest): Digest | undefined {
  if (size === 1n) return path.length === 0 ? leaf : undefined;
  const top = path[path.length - 1];
  if (top === undefined) return undefined;
  const rest = path.slice(0, -1);
  const k = 1n << BigInt((size - 1n).toString(2).length - 1); // the largest power of two below size
  if (index < k) {
    const left = rootOfPath(rest, k, index, leaf);
    return left && nodeHash(left, top);
  }
  const right = rootOfPath(rest, size - k, index - k, leaf);
  return right && nodeHash(top, right);
}

const minEncodedLine = 40;
const maxEncodedCut = 1000;
const maxWordCut = 64;

const wordByte = 1;
const encodedByte = 2;

const byteClass = Uint8Array.from({ length: 256 }, (_, c) => {
  const s = String.fromCharCode(c);
  if (/[a-zA-Z0-9]/.test(s)) return wordByte | encodedByte;
  if (c >= 0x80 || /[._'-]/.test(s)) return wordByte;
  return /[+/=]/.test(s) ? encodedByte : 0;
});

const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Cuts content into segments by the rule "unseal-words-1". Of a piece between
 * two marks, the first line may lack its beginning and the last its end; such
 * lines are no encoded ones.
 */
export class Segments {
  private at = 0;
  private lineStart = 0;
  private lineEnd = 0;
  private encoded = false;

  constructor(
    private readonly content: Uint8Array,
    private readonly begins = true,
    private readonly ends = true,
  ) {}

  /** The next segment; undefined at the end. */
  next(): Uint8Array | undefined {
    if (this.at === this.content.length) return undefined;
    if (this.at === this.lineEnd) this.startLine();
    const from = this.at;
    this.at = this.encoded ? Math.min(from + maxEncodedCut, this.lineEnd) : this.wordEnd(from);
    return this.content.subarray(from, this.at);
  }

  private startLine(): void {
    this.lineStart = this.at;
    const end = this.content.indexOf(newline, this.at);
    this.lineEnd = end < 0 ? this.content.length : end + 1;
    this.encoded = !this.lacksBeginning() && (end >= 0 || this.ends) && this.looksEncoded();
  }

  private lacksBeginning(): boolean {
    return this.lineStart === 0 && !this.begins;
  }

  private looksEncoded(): boolean {
    let end = this.lineEnd;
    if (this.content[end - 1] === newline) {
      end--;
      if (end > this.lineStart && this.content[end - 1] === carriageReturn) end--;
    }
    if (end - this.lineStart < minEncodedLine) return false;
    for (let i = this.lineStart; i < end; i++) if (!(byteClass[this.content[i]!]! & encodedByte)) return false;
    return true;
  }

  private wordEnd(from: number): number {
    const end = Math.min(from + maxWordCut, this.lineEnd);
    const isWord = (i: number) => (byteClass[this.content[i]!]! & wordByte) !== 0;
    let p = from;
    if (from === this.lineStart && !this.lacksBeginning()) while (p < end && !isWord(p)) p++;
    while (p < end && isWord(p)) p++;
    while (p < end && !isWord(p)) p++;
    return p;
  }
}

/** How many segments there are. */
export function countOf(all: Segments): number {
  let n = 0;
  while (all.next()) n++;
  return n;
}

/** The next segment of what follows. */
type Next = () => Uint8Array;

/** Root and number of the salted segments of content under that seed. */
export function segmentTree(content: Uint8Array, seed: Uint8Array): { root: Digest; segments: number } {
  const n = countOf(new Segments(content));
  const all = new Segments(content);
  return { root: n === 0 ? sha256() : subtree(() => all.next()!, n, seed), segments: n };
}

/** The root over the next n segments; the depth of recursion is at most 1 + log2 n. */
export function subtree(next: Next, n: number, seed: Uint8Array): Digest {
  if (n === 1) return leafHash(seed, next());
  const both = sha256(seedPrefix, seed);
  const k = split(n);
  const left = subtree(next, k, both.subarray(0, 16));
  return nodeHash(left, subtree(next, n - k, both.subarray(16)));
}

/** The largest power of two below n, n > 1 (RFC 6962 section 2.1). */
export function split(n: number): number {
  return 2 ** (31 - Math.clz32(n - 1));
}
