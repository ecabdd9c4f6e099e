// Renditions of redacted items: docs/archive-format.md, section 5. Each run of
// hidden segments has given way to a mark; seeds for what is shown and hashes
// for what is not lead to the same root as the whole.

import { bytesOf, equal } from "./bytes";
import type { Hidden, Rendition } from "./proof";
import type { Digest } from "./sha256";
import { countOf, nodeHash, Segments, split, subtree } from "./tree";

const marks = ["[redacted]", "W3JlZGFjdGVkXSAg"].flatMap((m) => [m, m + "\n", m + "\r\n"]).map(bytesOf);

/** The root of the segments that follows from a rendition and the bytes shown; a string says why there is none. */
export function rootOfRendition(r: Rendition, shown: Uint8Array): Digest | string {
  const pieces = cutAtMarks(r, shown);
  if (typeof pieces === "string") return pieces;
  const cover = new Cover(r, pieces);
  const root = cover.node(0, r.segments);
  return cover.spent() ? root : "seeds and hashes are not those of its hidden runs";
}

/** What stands between the marks. All counts must add up, and between two marks something must stand. */
function cutAtMarks(r: Rendition, shown: Uint8Array): Segments[] | string {
  const pieces: Segments[] = [];
  let pos = 0;
  let segments = 0; // passed so far, shown and hidden
  let begins = true;
  const take = (end: number, ends: boolean) => {
    const piece = () => new Segments(shown.subarray(pos, end), begins, ends);
    segments += countOf(piece());
    pieces.push(piece());
  };
  for (const [i, h] of r.hidden.entries()) {
    const mark = marks[h.mark]!;
    const at = Number(h.at);
    if (at < pos || !equal(shown.subarray(at, at + mark.length), mark)) return `no mark at byte ${h.at}`;
    if (i > 0 && at === pos) return `hidden run ${i} is not where it says`;
    take(at, false);
    if (h.first !== segments) return `hidden run ${i} is not where it says`;
    pos = at + mark.length;
    segments += h.count;
    begins = h.mark % 3 > 0;
  }
  take(shown.length, true);
  return segments === r.segments ? pieces : `${segments} segments shown and hidden, ${r.segments} stated`;
}

/** Walks the tree of segments, taking seeds and hashes as it goes. */
class Cover {
  private seed = 0; // how many bytes of each are taken
  private hash = 0;
  private run = 0; // hidden runs that are passed
  private piece = 0;

  constructor(
    private readonly r: Rendition,
    private readonly pieces: Segments[],
  ) {}

  /** Whether just as many seeds and hashes were there as are needed. */
  spent(): boolean {
    return this.seed === this.r.seeds.length && this.hash === this.r.hashes.length;
  }

  /** The hash over n segments from first on. The depth of recursion is at most 1 + log2 n. */
  node(first: number, n: number): Digest {
    while (this.hidden && endOf(this.hidden) <= first) this.run++;
    const h = this.hidden;
    if (!h || h.first >= first + n) return subtree(() => this.next(), n, this.r.seeds.subarray(this.seed, (this.seed += 16)));
    if (h.first <= first && endOf(h) >= first + n) return this.r.hashes.subarray(this.hash, (this.hash += 32));
    const k = split(n);
    const left = this.node(first, k);
    return nodeHash(left, this.node(first + k, n - k));
  }

  private get hidden(): Hidden | undefined {
    return this.r.hidden[this.run];
  }

  /** The next segment that is shown. */
  private next(): Uint8Array {
    for (;;) {
      const segment = this.pieces[this.piece]!.next();
      if (segment) return segment;
      this.piece++;
    }
  }
}

function endOf(h: Hidden): number {
  return h.first + h.count;
}
