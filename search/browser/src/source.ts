// Where the bytes of a segment come from, and the check that they are those
// that were written: nothing is used before its page was held against its
// checksum.

/** The bytes of a segment, wherever they lie. */
export interface Source {
  /** Reads n bytes from off on, or throws. */
  read(off: number, n: number): Promise<Uint8Array>;

  /** Reads the last n bytes, or all of a smaller file, and says how large the file is. */
  tail(n: number): Promise<{ bytes: Uint8Array; size: number }>;
}

/** The file is not what was written: another copy of the archive may have it whole. */
export class Damaged extends Error {}

/** The file is of another version of the format. */
export class Unreadable extends Error {}

/** The search files cannot be had. */
export class Unreachable extends Error {}

/** The host sends files whole only; size is that of the file, where the host said it. */
export class NoRanges extends Error {
  constructor(readonly size: number) {
    super();
  }
}

/** A search would load more than a page may ask of its reader. */
export class TooMuch extends Error {}

/** What was asked of the source so far. */
export const traffic = { requests: 0, bytes: 0 };

/** Reads stretches of a file from a web host. */
export class Ranges implements Source {
  private size = -1;

  constructor(private readonly url: string) {}

  async tail(n: number): Promise<{ bytes: Uint8Array; size: number }> {
    const answer = await this.ask(`bytes=-${n}`);
    const total = Number(/^bytes [0-9]+-[0-9]+\/([0-9]+)$/.exec(answer.headers.get("Content-Range") ?? "")?.[1] ?? NaN);
    if (!Number.isSafeInteger(total)) throw new Unreachable("no size in the answer");
    this.size = total;
    return { bytes: await received(answer, Math.min(n, total)), size: total };
  }

  async read(off: number, n: number): Promise<Uint8Array> {
    const answer = await this.ask(`bytes=${off}-${off + n - 1}`);
    const range = answer.headers.get("Content-Range");
    if (range !== null && range !== `bytes ${off}-${off + n - 1}/${this.size}`) throw new Unreachable("another part than asked for");
    return received(answer, n);
  }

  private async ask(range: string): Promise<Response> {
    const answer = await ask(this.url, { Range: range });
    if (answer.status === 200) {
      const size = Number(answer.headers.get("Content-Length") ?? NaN);
      await answer.body?.cancel();
      throw new NoRanges(size);
    }
    if (answer.status !== 206) throw new Unreachable(`HTTP ${answer.status}`);
    return answer;
  }
}

async function received(answer: Response, n: number): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await answer.arrayBuffer());
  } catch (e) {
    throw new Unreachable(String(e));
  }
  if (bytes.length !== n) throw new Unreachable("another length than asked for");
  traffic.bytes += n;
  return bytes;
}

async function ask(url: string, headers: Record<string, string>): Promise<Response> {
  traffic.requests++;
  try {
    return await fetch(url, { headers, credentials: "omit", redirect: "error" });
  } catch (e) {
    throw new Unreachable(String(e));
  }
}

/** A segment that was loaded whole. */
export class Whole implements Source {
  constructor(private readonly bytes: Uint8Array) {}

  read(off: number, n: number): Promise<Uint8Array> {
    return Promise.resolve(this.bytes.subarray(off, off + n));
  }

  tail(n: number): Promise<{ bytes: Uint8Array; size: number }> {
    return Promise.resolve({ bytes: this.bytes.subarray(Math.max(0, this.bytes.length - n)), size: this.bytes.length });
  }

  static async load(url: string, size: number): Promise<Whole> {
    const answer = await ask(url, {});
    if (answer.status !== 200) throw new Unreachable(`HTTP ${answer.status}`);
    return new Whole(await received(answer, size));
  }
}

/** Reads shards: scripts that each hold a stretch of the segment, for pages opened from a disk. */
export class Shards implements Source {
  private readonly held = new Map<number, Promise<Uint8Array>>();

  /** load runs the script of a shard and gives the base64 that it holds. */
  constructor(
    private readonly size: number,
    private readonly shard: number,
    private readonly load: (n: number) => Promise<string>,
  ) {}

  async read(off: number, n: number): Promise<Uint8Array> {
    const [first, last] = [Math.floor(off / this.shard), Math.floor((off + n - 1) / this.shard)];
    const out = new Uint8Array(n);
    const parts: Promise<Uint8Array>[] = [];
    for (let i = first; i <= last; i++) parts.push(this.get(i));
    for (const [i, part] of (await Promise.all(parts)).entries()) {
      const at = (first + i) * this.shard - off;
      out.set(part.subarray(Math.max(0, -at), n - at), Math.max(0, at));
    }
    return out;
  }

  async tail(n: number): Promise<{ bytes: Uint8Array; size: number }> {
    const off = Math.max(0, this.size - n);
    return { bytes: await this.read(off, this.size - off), size: this.size };
  }

  /** A shard; the newest 100 stay at hand. */
  private get(i: number): Promise<Uint8Array> {
    let part = this.held.get(i);
    if (part) return part;
    part = this.fetch(i);
    part.catch(() => this.held.delete(i));
    this.held.set(i, part);
    for (const old of this.held.keys()) if (this.held.size > 100) this.held.delete(old);
    return part;
  }

  private async fetch(i: number): Promise<Uint8Array> {
    traffic.requests++;
    const bytes = fromBase64(await this.load(i));
    if (bytes.length !== Math.min(this.shard, this.size - i * this.shard)) throw new Unreachable("a shard of another length");
    traffic.bytes += bytes.length;
    return bytes;
  }
}

export function fromBase64(text: string): Uint8Array {
  let raw: string;
  try {
    raw = atob(text);
  } catch {
    throw new Damaged("not base64");
  }
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
}

const crcTable = (() => {
  const t = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    let c = i;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    t[i] = c;
  }
  return t;
})();

/** The checksum CRC-32C (Castagnoli). */
export function crc32c(b: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < b.length; i++) c = crcTable[(c ^ b[i]!) & 0xff]! ^ (c >>> 8);
  return ~c >>> 0;
}

const pageSize = 4096;

/** Pages that lie closer than this many apart are asked for together; where that makes many requests, up to the second, but no more than twice what is needed. */
const [gap, gapMost] = [3, 24];

/** How many requests at once are many. */
const manyRequests = 6;

/** Bytes kept at hand between searches, and the most that one search may load. */
const kept = 48 << 20;
const most = 96 << 20;

/** A stretch of the file: where it begins, and its length. */
export type Stretch = [off: number, n: number];

/** The checked pages of a segment. */
export class Pages {
  private readonly held = new Map<number, Uint8Array>();
  private readonly coming = new Map<number, Promise<void>>();
  private readonly sums = new Map<number, Uint8Array>();
  private wanted = new Set<number>();
  private flight: Promise<void> | null = null;
  private loaded = 0;

  /** end is where what the sums cover ends and the sums begin; tops are the checksums of each 4096 bytes of sums. */
  constructor(
    private readonly source: Source,
    private readonly end: number,
    private readonly tops: Uint32Array,
  ) {}

  /** Takes over sums that lie in bytes already read from off on. */
  learn(off: number, bytes: Uint8Array): void {
    const size = 4 * Math.ceil(this.end / pageSize);
    for (let c = 0; c * pageSize < size; c++) {
      const from = this.end + c * pageSize - off;
      const to = this.end + Math.min((c + 1) * pageSize, size) - off;
      if (from >= 0 && to <= bytes.length) this.keepSums(c, bytes.slice(from, to));
    }
  }

  /** Begins another search: forgets pages when there are many. */
  begin(): void {
    this.loaded = 0;
    if (this.held.size * pageSize > kept) this.held.clear();
  }

  /** Loads the stretches, all that lack in as few requests as it takes. */
  async prepare(stretches: Iterable<Stretch>): Promise<void> {
    const waits = new Set<Promise<void>>();
    for (const [off, n] of stretches) {
      if (!(off >= 0 && n >= 0 && off + n <= this.end)) throw new Damaged("a place outside of the file");
      for (let p = Math.floor(off / pageSize); p * pageSize < off + n; p++) {
        if (this.held.has(p)) continue;
        let flight = this.coming.get(p);
        if (!flight) {
          this.wanted.add(p);
          flight = this.flight ??= new Promise<void>((done) => setTimeout(done)).then(() => this.fly());
          this.coming.set(p, flight);
        }
        waits.add(flight);
      }
    }
    await Promise.all(waits);
  }

  /** Asks for all that is wanted, and its sums, at once. */
  private async fly(): Promise<void> {
    const wanted = [...this.wanted].sort((a, b) => a - b);
    this.wanted = new Set();
    this.flight = null;
    try {
      this.loaded += wanted.length * pageSize;
      if (this.loaded > most) throw new TooMuch();
      const chunks = [...new Set(wanted.map((p) => p >> 10))].filter((c) => !this.sums.has(c));
      const groups = grouped(wanted);
      const [parts] = await Promise.all([
        Promise.all(groups.map(([first, last]) => this.source.read(first * pageSize, Math.min(last * pageSize, this.end) - first * pageSize))),
        Promise.all(grouped(chunks).map((g) => this.readSums(g))),
      ]);
      for (const [i, [first, last]] of groups.entries()) {
        for (let p = first; p < last; p++) this.keep(p, parts[i]!.subarray((p - first) * pageSize, (p + 1 - first) * pageSize));
      }
    } finally {
      for (const p of wanted) this.coming.delete(p);
    }
  }

  private async readSums([first, last]: [number, number]): Promise<void> {
    const size = 4 * Math.ceil(this.end / pageSize);
    const from = first * pageSize;
    const bytes = await this.source.read(this.end + from, Math.min(last * pageSize, size) - from);
    for (let c = first; c < last; c++) {
      this.keepSums(c, bytes.subarray((c - first) * pageSize, (c + 1 - first) * pageSize));
    }
  }

  private keepSums(c: number, chunk: Uint8Array): void {
    if (crc32c(chunk) !== this.tops[c]) throw new Damaged("checksums");
    this.sums.set(c, chunk);
  }

  private keep(p: number, page: Uint8Array): void {
    const sums = this.sums.get(p >> 10);
    if (this.held.has(p) || !sums) return;
    const at = 4 * (p & 1023);
    const sum = sums[at]! | (sums[at + 1]! << 8) | (sums[at + 2]! << 16) | (sums[at + 3]! << 24);
    if (crc32c(page) !== sum >>> 0) throw new Damaged(`page at byte ${p * pageSize}`);
    this.held.set(p, page);
  }

  /** n bytes from off on, which were prepared. */
  get(off: number, n: number): Uint8Array {
    const first = Math.floor(off / pageSize);
    const at = off - first * pageSize;
    if (at + n <= pageSize) return this.page(first).subarray(at, at + n);
    const out = new Uint8Array(n);
    for (let p = first; p * pageSize < off + n; p++) {
      const from = p * pageSize - off;
      out.set(this.page(p).subarray(Math.max(0, -from), Math.min(pageSize, n - from)), Math.max(0, from));
    }
    return out;
  }

  private page(p: number): Uint8Array {
    const page = this.held.get(p);
    if (!page) throw new Damaged("a page that was not loaded");
    return page;
  }

  async read(off: number, n: number): Promise<Uint8Array> {
    await this.prepare([[off, n]]);
    return this.get(off, n);
  }
}

/** Joins numbers that lie close together to stretches [first, last). */
function grouped(numbers: number[]): [number, number][] {
  numbers.sort((a, b) => a - b);
  let best = joined(numbers, gap);
  for (let near = 2 * gap; near <= gapMost && best.length > manyRequests; near *= 2) {
    const wider = joined(numbers, near);
    if (wider.reduce((sum, [first, last]) => sum + last - first, 0) > 2 * numbers.length) break;
    best = wider;
  }
  return best;
}

/** Joins numbers in order that lie closer than near. */
function joined(numbers: number[], near: number): [number, number][] {
  const out: [number, number][] = [];
  for (const p of numbers) {
    const last = out[out.length - 1];
    if (last && p < last[1] + near) last[1] = p + 1;
    else out.push([p, p + 1]);
  }
  return out;
}
