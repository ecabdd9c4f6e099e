// All reading of the form of a segment (segment/format.go): head, numbers,
// columns, string tables, the dictionary, lists of documents and places. Every
// number is held within its bounds; what does not fit is Damaged.

import { crc32c, Damaged, Pages, Unreadable, type Source, type Stretch } from "./source";

const version = 2;
const pageSize = 4096;
const trailerSize = 32;

/** How many bytes follow every stream of bits. */
const slack = 8;
const frameSize = 32 << 10;
const maxHead = 32 << 20;
const maxDocs = 1 << 24;
const maxItems = 2 ** 28;
const maxOffset = 2 ** 50;

/** The date of the undated: after every other. */
export const noDate = 2 ** 52;

/** The kinds of terms; the first byte of each. */
export const kinds = { word: 1, subject: 2, from: 3, to: 4, cc: 5, bcc: 6, filename: 7, msgid: 0x10, sha256: 0x11 };

/** The stretches of a document's places. */
export const zone = { own: 0, quoted: 1, subject: 2, from: 3, to: 4, cc: 5, bcc: 6, filename: 7, fileText: 8 };
const zones = 9;

/** The facets, in the order in which they are stored. */
const facetNames = ["collection", "batch", "kind", "type", "ext", "verdict", "lang", "has", "owner", "year", "state", "person", "thread"] as const;
export type FacetName = (typeof facetNames)[number];

/** The order of the facets' tables: the large ones first. */
const tableOrder: FacetName[] = ["thread", "person", "collection", "batch", "kind", "type", "ext", "verdict", "lang", "has", "owner", "year", "state"];

/** The facets of which a record names the document's set. */
const rowFacets = ["collection", "batch", "kind", "verdict", "lang"] as const;

function damaged(what: string): never {
  throw new Damaged(what);
}

/** Reads numbers off the front of bytes. */
export class Reader {
  constructor(
    private readonly b: Uint8Array,
    public at = 0,
  ) {}

  get left(): number {
    return this.b.length - this.at;
  }

  /** A number of at most max; 2^53-1 is the most that can be. */
  number(max = Number.MAX_SAFE_INTEGER): number {
    let [v, scale] = [0, 1];
    for (let n = 0; n < 9; n++) {
      const c = this.b[this.at++];
      if (c === undefined) break;
      v += (c & 0x7f) * scale;
      if (c < 0x80) return v <= max ? v : damaged("a number too great");
      scale *= 128;
    }
    return damaged("a broken number");
  }

  /** A number that may be below zero; noDate is the greatest. */
  signed(): number {
    const v = this.number(2 * noDate);
    return v % 2 === 0 ? v / 2 : -(v + 1) / 2;
  }

  byte(): number {
    return this.b[this.at++] ?? damaged("bytes are missing");
  }

  /** A number of 8 bytes. */
  number64(): number {
    const low = this.word32();
    const v = low + this.word32() * 2 ** 32;
    return v <= Number.MAX_SAFE_INTEGER ? v : damaged("a number too great");
  }

  word32(): number {
    return (this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)) >>> 0;
  }

  bytes(n: number): Uint8Array {
    if (n > this.left) damaged("bytes are missing");
    return this.b.subarray(this.at, (this.at += n));
  }

  /** Numbers that are not looked at. */
  skip(n: number): void {
    for (let i = 0; i < n; i++) while (this.byte() >= 0x80);
  }
}

/** Bytes as a string of one character each: strings compare as their bytes do. */
export function raw(b: Uint8Array): string {
  let s = "";
  for (let i = 0; i < b.length; i++) s += String.fromCharCode(b[i]!);
  return s;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The text whose UTF-8 a raw string is. */
export function textOfRaw(s: string): string {
  let b = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) b[i] = s.charCodeAt(i);
  return decoder.decode(b);
}

/** The raw string of a text. */
export function rawOf(s: string): string {
  return raw(encoder.encode(s));
}

/** Reads a stream of bits, lowest first. Reading past the end is Damaged. */
export class Bits {
  constructor(
    private readonly b: Uint8Array,
    private pos = 0,
  ) {}

  /** The 32 bits from here on; zeros behind the end. */
  private peek(): number {
    const i = Math.floor(this.pos / 8);
    const s = this.pos % 8;
    const b = this.b;
    if (i >= b.length) damaged("a list runs past its end");
    const low = (b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24)) >>> 0;
    return s === 0 ? low : ((low >>> s) | (b[i + 4]! << (32 - s))) >>> 0;
  }

  get(width: number): number {
    if (width === 0) return 0;
    if (width > 32) {
      const low = this.get(32);
      return low + this.get(width - 32) * 2 ** 32;
    }
    const v = this.peek();
    this.pos += width;
    return width === 32 ? v : (v & (2 ** width - 1)) >>> 0;
  }

  /** Counts zeros up to the next one. */
  private unary(): number {
    let q = 0;
    for (;;) {
      const w = this.peek();
      if (w !== 0) {
        const z = 31 - Math.clz32(w & -w);
        this.pos += z + 1;
        return q + z;
      }
      q += 32;
      this.pos += 32;
    }
  }

  rice(k: number): number {
    return this.unary() * 2 ** k + this.get(k);
  }

  gamma(): number {
    const n = this.unary();
    if (n > 40) damaged("a count too great");
    return 2 ** n + this.get(n);
  }

  /** n ascending numbers that were written as Rice gaps. */
  gaps(n: number, k: number): number[] {
    const out: number[] = [];
    for (let next = 0; out.length < n; next++) out.push((next += this.rice(k)));
    return out;
  }
}

function bitLength(v: number): number {
  return v === 0 ? 0 : v < 2 ** 32 ? 32 - Math.clz32(v) : 32 + bitLength(Math.floor(v / 2 ** 32));
}

/** The parameter that suits gaps of the mean span/n. */
function riceParameter(span: number, n: number): number {
  const mean = Math.floor(Math.floor((span * 11) / 16) / n);
  return bitLength(mean % 2 === 0 ? mean + 1 : mean) - 1;
}

/** The length that a code stands for. */
export function lengthOf(code: number): number {
  if (code < 16) return code;
  const c = code - 16;
  return (8 + (c % 8)) * 2 ** (Math.floor(c / 8) + 1);
}

/** An array of fixed-width numbers in the file. */
export class Column {
  private constructor(
    private readonly base: number,
    readonly width: number,
    readonly n: number,
    readonly off: number,
    private readonly pages: Pages,
  ) {}

  /** Reads the shape of a column whose data lies at off. */
  static read(r: Reader, off: number, pages: Pages): Column {
    const base = r.signed();
    const width = r.number(53);
    return new Column(base, width, r.number(maxItems), off, pages);
  }

  /** How many bytes the data takes. */
  get size(): number {
    return Math.floor((this.n * this.width + 7) / 8) + slack;
  }

  /** Whether it holds bytes, and how many. */
  isBytes(): boolean {
    return this.width === 8 && this.base === 0;
  }

  /** Where the numbers [from, to) lie. */
  stretch(from: number, to: number): Stretch {
    const first = Math.floor((from * this.width) / 8);
    return [this.off + first, this.width === 0 || to <= from ? 0 : Math.floor((to * this.width + 7) / 8) - first + slack];
  }

  /** The numbers [from, to), which were prepared, as a function of their index. */
  view(from: number, to: number): (i: number) => number {
    const { base, width } = this;
    if (width === 0) return () => base;
    if (!(from >= 0 && from <= to && to <= this.n)) damaged("a place outside of a column");
    const [off, n] = this.stretch(from, to);
    const b = this.pages.get(off, n);
    const start = (off - this.off) * 8;
    return (i) => {
      const bit = i * width - start;
      const at = Math.floor(bit / 8);
      const s = bit % 8;
      const low = (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)) >>> 0;
      if (width + s <= 32) return base + (low >>> s) % 2 ** width;
      const high = (b[at + 4]! | (b[at + 5]! << 8) | (b[at + 6]! << 16) | (b[at + 7]! << 24)) >>> 0;
      const v = Math.floor(low / 2 ** s) + (high % 2 ** Math.min(32, width + s - 32)) * 2 ** (32 - s);
      return base + v;
    };
  }

  /** One number, which was prepared. */
  at(i: number): number {
    return this.view(i, i + 1)(i);
  }

  async load(from = 0, to = this.n): Promise<(i: number) => number> {
    await this.pages.prepare([this.stretch(from, to)]);
    return this.view(from, to);
  }
}

/** A list of strings in the file. */
export class Strings {
  private readonly off: number;
  private readonly size: number;

  constructor(
    private readonly ends: Column,
    data: Column,
    private readonly pages: Pages,
  ) {
    if (!data.isBytes()) damaged("a table of strings");
    [this.off, this.size] = [data.off, data.n];
  }

  get count(): number {
    return this.ends.n;
  }

  /** Holds that no two strings are the same, so that there are no more of them than bytes. */
  distinct(): this {
    return this.count <= this.size + 1 ? this : damaged("a table of strings");
  }

  /** The strings of some places; places that are none give "". */
  async get(places: number[]): Promise<string[]> {
    return (await this.raws(places)).map(textOfRaw);
  }

  private async raws(places: number[]): Promise<string[]> {
    const known = places.filter((i) => i >= 0 && i < this.count);
    await this.pages.prepare(known.map((i) => this.ends.stretch(Math.max(0, i - 1), i + 1)));
    const at = new Map<number, Stretch>();
    for (const i of known) {
      const from = i > 0 ? this.ends.at(i - 1) : 0;
      const to = this.ends.at(i);
      if (from < 0 || to < from || to > this.size) damaged("a string outside of its table");
      at.set(i, [this.off + from, to - from]);
    }
    await this.pages.prepare(at.values());
    return places.map((i) => (at.has(i) ? raw(this.pages.get(...at.get(i)!)) : ""));
  }

  async all(): Promise<string[]> {
    await this.pages.prepare([this.ends.stretch(0, this.count), [this.off, this.size]]);
    return this.get(Array.from({ length: this.count }, (_, i) => i));
  }

  /** The place of a string in a sorted table, or -1. */
  async find(s: string): Promise<number> {
    const want = rawOf(s);
    let [lo, hi] = [0, this.count];
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((await this.raws([mid]))[0]! < want) lo = mid + 1;
      else hi = mid;
    }
    return lo < this.count && (await this.raws([lo]))[0] === want ? lo : -1;
  }
}

/** A facet: its values, the sets of values that occur, and the set of each document. */
export type Facet = { values: Strings; labels: Strings; sets: number; starts: Column; members: Column; docs: Column };

/** What the dictionary says of a term: its documents, or where the list of them lies. */
export type Ref = { df: number; inline: boolean; doc: number; place: number; post: number; postN: number; placesN: number };

/** A term of the dictionary, as a raw string, with its list. */
export type Term = { term: string; ref: Ref };

/** A group of pages of terms: no term before is as great as first, none in it less. */
type Group = { first: string; off: number; lists: number };

type Extent = { off: number; size: number };

/** The number of documents in a full block. */
export const blockSize = 128;

/** What the head of a list says of one of its blocks. */
export type Block = {
  prev: number;
  last: number;
  /** Its bytes, in the file; the end goes without the slack. */
  off: number;
  end: number;
  /** Its places, from the beginning of the word's, and where they end. */
  places: number;
  placesEnd: number;
  n: number;
  /** Pairs of count and length code. */
  frontier: Uint8Array | null;
};

/** A list whose head was read. */
export type List = { ref: Ref; counts: boolean; blocks: Block[] };

/** A block that was read: its documents, and the counts where the list has some. */
export type Postings = { docs: number[]; tfs: number[] };

const columnNames = ["record", "number", "date", "published", "copyOf", "edition"] as const;

const sections = ["", "text", "docs", "lists", "lengths", "pages", "terms", "columns", "sums", "meta", "layout", "groups", "tops"] as const;
type Section = Exclude<(typeof sections)[number], "">;

/** The row of a document: what a result shows, and where its texts are. */
export type Row = {
  date: number;
  number: number;
  edition: number;
  copyOf: number;
  /** Of rowFacets: the set of the document. */
  sets: number[];
  text: number;
  body: number;
  size: number;
  receivers: number;
  subject: string;
  from: string;
  to: string;
  files: { name: string; size: number }[];
};

/** An open segment: its head, and the ways to its parts. */
export class Segment {
  readonly pages: Pages;
  readonly docs: number;
  readonly words: number;
  readonly byDate: boolean;
  readonly byNumber: boolean;
  readonly dated: number;
  readonly first: number;
  readonly last: number;
  readonly lowest: number;
  readonly greatest: number;
  readonly columns: Record<(typeof columnNames)[number], Column>;
  readonly facets: Record<FacetName, Facet>;
  private readonly frames: Column;
  private readonly textSize: number;
  private readonly groups: Group[] = [];
  private readonly sec = new Map<Section, Extent>();
  /** Where the small tables of facets lie: they are read at once. */
  private readonly small: Stretch;

  /** Opens a segment by the end of its file. */
  static async open(source: Source): Promise<Segment> {
    const { bytes, size } = await source.tail(32 << 10);
    const r = new Reader(bytes.subarray(-trailerSize));
    const head = r.number64();
    const headSize = r.word32();
    const sum = r.word32();
    const file = r.number64();
    if (bytes.length < trailerSize || crc32c(bytes.subarray(-trailerSize, -8)) !== r.word32() || raw(r.bytes(4)) !== "1SEG") damaged("the end of the file");
    if (file !== size || head + headSize + trailerSize !== size || headSize > maxHead) damaged("the end of the file");
    const from = size - bytes.length;
    const rest = head < from ? await source.read(head, from - head) : new Uint8Array();
    const whole = new Uint8Array(headSize);
    whole.set(rest);
    whole.set(bytes.subarray(Math.max(0, head - from), -trailerSize), rest.length);
    if (crc32c(whole) !== sum) damaged("the head of the file");
    const segment = new Segment(whole, head, source);
    segment.pages.learn(from, bytes);
    return segment;
  }

  private constructor(head: Uint8Array, at: number, source: Source) {
    this.readTable(head, at);
    const own = (name: Section): Reader => {
      const e = this.extent(name);
      if (e.off < at || e.off + e.size > at + head.length) damaged("the head of the file");
      return new Reader(head.subarray(e.off - at, e.off - at + e.size));
    };
    const sums = this.extent("sums");
    if (sums.off + sums.size !== at || sums.size !== 4 * Math.ceil(sums.off / pageSize)) damaged("the head of the file");
    const tops = own("tops");
    const list = new Uint32Array(Math.ceil(sums.size / pageSize));
    for (let i = 0; i < list.length; i++) list[i] = tops.word32();
    this.pages = new Pages(source, sums.off, list);
    const meta = own("meta");
    this.docs = meta.number(maxDocs);
    if (this.extent("lengths").size !== this.docs) damaged("the lengths of documents");
    this.words = meta.number();
    this.textSize = meta.number(maxOffset);
    meta.skip(1);
    const flags = meta.number();
    this.dated = meta.number(this.docs);
    [this.byDate, this.byNumber] = [flags % 2 === 1, flags % 4 >= 2];
    // The range of no dates is one turned round, too great for a number here.
    if (this.dated > 0) [this.first, this.last] = [meta.signed(), meta.signed()];
    else {
      [this.first, this.last] = [noDate, -noDate];
      meta.skip(2);
    }
    [this.lowest, this.greatest] = this.docs > 0 ? [meta.signed(), meta.signed()] : [0, 0];
    this.readGroups(own("groups"));
    const columns = this.readLayout(own("layout"));
    const next = (n: number): Column => {
      const c = columns.shift();
      return c && (n < 0 || c.n === n) ? c : damaged("the layout of columns");
    };
    this.columns = {} as Segment["columns"];
    for (const name of columnNames) this.columns[name] = next(this.docs + (name === "record" ? 1 : 0));
    const docs = new Map(facetNames.map((name) => [name, next(this.docs)]));
    this.frames = next(Math.ceil(this.textSize / frameSize) + 1);
    this.facets = {} as Segment["facets"];
    let small = columns[0]?.off ?? 0;
    for (const name of tableOrder) {
      if (name === "collection") small = columns[0]?.off ?? 0;
      const values = new Strings(next(-1), next(-1), this.pages).distinct();
      const labels = new Strings(next(values.count), next(-1), this.pages);
      const starts = next(-1);
      if (starts.n < 1 || starts.n > this.docs + 1) damaged("the layout of columns");
      this.facets[name] = { values, labels, sets: starts.n - 1, starts, members: next(-1), docs: docs.get(name)! };
    }
    const end = this.extent("columns");
    this.small = [small, Math.min(end.off + end.size - small, 64 << 10)];
  }

  private readTable(head: Uint8Array, at: number): void {
    const r = new Reader(head);
    if (r.number() !== version) throw new Unreadable();
    for (let n = r.number(1000); n > 0; n--) {
      const name = sections[r.number()];
      const e = { off: r.number(maxOffset), size: r.number(maxOffset) };
      if (e.off + e.size > at + head.length) damaged("a section outside of the file");
      if (name) this.sec.set(name, e);
    }
    for (const name of sections) if (name && !this.sec.has(name)) damaged("a section is missing");
  }

  private readGroups(r: Reader): void {
    let at: Group = { first: "", off: 0, lists: 0 };
    while (r.left > 0) {
      const common = r.byte();
      const rest = r.bytes(r.byte());
      if (common > at.first.length) damaged("the groups of terms");
      const first = at.first.slice(0, common) + raw(rest);
      if (first <= at.first) damaged("the groups of terms");
      at = { first, off: at.off + r.number(), lists: at.lists + r.number() };
      if (at.off > this.extent("terms").size || at.lists > this.extent("lists").size) damaged("the groups of terms");
      this.groups.push(at);
    }
  }

  private readLayout(r: Reader): Column[] {
    const { off, size } = this.extent("columns");
    const out: Column[] = [];
    let at = off;
    while (r.left > 0) {
      const c = Column.read(r, at, this.pages);
      out.push(c);
      if ((at += c.size) > off + size + slack) damaged("the layout of columns");
    }
    return out;
  }

  private extent(name: Section): Extent {
    return this.sec.get(name)!;
  }

  /** Where n bytes at off of a section lie, within the section. */
  private within(name: Section, off: number, n: number): Stretch {
    const e = this.extent(name);
    if (!(off >= 0 && n >= 0 && off + n <= e.size)) damaged("a list outside of its section");
    return [e.off + off, n];
  }

  /** Loads the small tables of facets, which every row needs, along with what is asked for next. */
  expect(): void {
    void this.pages.prepare([this.small]).catch(() => undefined); // whoever needs them learns of it
  }

  /** The values of small facets, all in one request. */
  async valuesOf(name: FacetName): Promise<string[]> {
    await this.pages.prepare([this.small]);
    return this.facets[name].values.all();
  }

  // The dictionary.

  /** The group that holds a term if any does; -1 if all terms are greater. */
  private groupOf(term: string): number {
    let [lo, hi] = [0, this.groups.length];
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.groups[mid]!.first > term) hi = mid;
      else lo = mid + 1;
    }
    return lo - 1;
  }

  private stretchOfTerms(i: number): Stretch {
    const from = this.groups[i]!.off;
    return this.within("terms", from, (this.groups[i + 1]?.off ?? this.extent("terms").size) - from);
  }

  /** All terms of a group, which were prepared. */
  private *termsOf(i: number): Generator<Term> {
    const r = new Reader(this.pages.get(...this.stretchOfTerms(i)));
    let { lists } = this.groups[i]!;
    let term = "";
    while (r.left > 0) {
      const common = r.byte();
      const rest = r.bytes(r.byte());
      if (common > term.length || common + rest.length === 0) damaged("a term");
      term = term.slice(0, common) + raw(rest);
      const words = term.charCodeAt(0) === kinds.word;
      const df = r.number(this.docs);
      const ref: Ref = { df, inline: df === 0, doc: 0, place: 0, post: lists, postN: 0, placesN: 0 };
      if (df === 0) {
        ref.df = 1;
        ref.doc = r.number(this.docs - 1);
        if (words) ref.place = r.number(2 ** 32 - 1);
      } else {
        ref.postN = r.number(maxOffset);
        if (words) ref.placesN = r.number(maxOffset);
        lists += ref.postN + ref.placesN;
      }
      yield { term, ref };
    }
  }

  /** Finds terms; those that are not there are left out. */
  async lookup(terms: string[]): Promise<Term[]> {
    const places = terms.map((t) => this.groupOf(t));
    await this.pages.prepare(places.filter((i) => i >= 0).map((i) => this.stretchOfTerms(i)));
    const out: Term[] = [];
    for (const [k, term] of terms.entries()) {
      if (places[k]! < 0) continue;
      for (const t of this.termsOf(places[k]!)) {
        if (t.term === term) out.push(t);
        if (t.term >= term) break;
      }
    }
    return out;
  }

  /**
   * Calls visit for the terms from the first not less than from. visit returns
   * where to go on: "" for the next term, a greater one to pass over all before
   * that, null to stop. least says of a term the least one not less that visit
   * may want, or null, so that groups are loaded many at once.
   */
  async walk(from: string, visit: (t: Term) => string | null, least: (from: string) => string | null = (s) => s): Promise<void> {
    let target = from;
    const ready = new Set<number>();
    let ahead = 1; // how many groups are loaded at once: more with every time
    for (let i = Math.max(0, this.groupOf(from)); i < this.groups.length; i = Math.max(i + 1, this.groupOf(target))) {
      if (!ready.has(i)) {
        const some = this.groupsFrom(i, target, least, ahead);
        await this.pages.prepare(some.map((g) => this.stretchOfTerms(g)));
        for (const g of some) ready.add(g);
        ahead = Math.min(4 * ahead, 64);
      }
      const next = this.groups[i + 1]?.first;
      for (const t of this.termsOf(i)) {
        if (t.term < target) continue;
        const to = visit(t);
        if (to === null) return;
        if (to !== "") target = to;
        if (next !== undefined && target >= next) break;
      }
    }
  }

  /** Group i and those after it that a walk may come to, n at most. */
  private groupsFrom(i: number, target: string, least: (from: string) => string | null, n: number): number[] {
    const out = [i];
    for (let g = i; out.length < n; out.push(g)) {
      const first = this.groups[g + 1]?.first;
      const next = first === undefined ? null : least(first < target ? target : first);
      if (next === null) break;
      g = Math.max(g + 1, this.groupOf(next));
    }
    return out;
  }

  // Lists of documents.

  /** Reads the heads of lists. */
  async open(refs: Ref[], counts: boolean): Promise<List[]> {
    const heads = refs.map((ref) => this.headSize(ref));
    // With the head comes the end, since the newest are what is asked for most.
    const end = (ref: Ref, n: number): Stretch[] => (n < ref.postN ? [this.within("lists", ref.post + ref.postN - 256, 256)] : []);
    await this.pages.prepare(refs.flatMap((ref, i) => (ref.inline ? [] : [this.within("lists", ref.post, heads[i]!), ...end(ref, heads[i]!)])));
    const out: List[] = [];
    for (const [i, ref] of refs.entries()) {
      const list: List = { ref, counts, blocks: [] };
      if (ref.inline) list.blocks.push({ prev: ref.doc, last: ref.doc, off: 0, end: 0, places: 0, placesEnd: 0, n: 1, frontier: null });
      else if (ref.df <= blockSize) {
        const off = this.within("lists", ref.post, ref.postN)[0];
        list.blocks.push({ prev: 0, last: this.docs - 1, off, end: off + ref.postN, places: 0, placesEnd: ref.placesN, n: ref.df, frontier: null });
      } else list.blocks = await this.head(ref, counts, heads[i]!);
      out.push(list);
    }
    return out;
  }

  /** About how many bytes the entries of a list take; all of a short list. */
  private headSize(ref: Ref): number {
    return ref.postN <= 4096 ? ref.postN : Math.min(ref.postN, 24 * Math.ceil(ref.df / blockSize));
  }

  private async head(ref: Ref, counts: boolean, size: number): Promise<Block[]> {
    const [off] = this.within("lists", ref.post, ref.postN);
    for (;;) {
      try {
        return this.entries(ref, counts, this.pages.get(off, size));
      } catch (e) {
        if (!(e instanceof Damaged) || size === ref.postN) throw e;
      }
      size = Math.min(ref.postN, 2 * size);
      await this.pages.prepare([[off, size]]);
    }
  }

  private entries(ref: Ref, counts: boolean, head: Uint8Array): Block[] {
    const r = new Reader(head);
    const blocks: Block[] = [];
    let [prev, off, places] = [0, 0, 0];
    for (let left = ref.df; left > 0; left -= blockSize) {
      const span = r.number(this.docs);
      const size = r.number(ref.postN);
      const n = counts ? r.number(maxOffset) : 0;
      const frontier = counts ? r.bytes(2 * r.byte()) : null;
      if (span === 0 || prev + span > this.docs || places + n > ref.placesN) damaged("the head of a list");
      blocks.push({ prev, last: prev + span - 1, off, end: off + size, places, placesEnd: places + n, n: Math.min(left, blockSize), frontier });
      prev += span;
      off += size;
      places += n;
    }
    const [start] = this.within("lists", ref.post, ref.postN);
    for (const b of blocks) {
      b.off += start + r.at;
      b.end += start + r.at;
      if (b.end > start + ref.postN) damaged("the head of a list");
    }
    return blocks;
  }

  /** Where the bytes of a block lie. */
  stretchOfBlock(list: List, b: Block): Stretch[] {
    return list.ref.inline ? [] : [[b.off, b.end - b.off + slack]];
  }

  /** Where the places of a block lie. */
  stretchOfPlaces(list: List, b: Block): Stretch[] {
    if (list.ref.inline) return [];
    const [off, n] = this.within("lists", list.ref.post + list.ref.postN + b.places, b.placesEnd - b.places);
    return [[off, n + slack]];
  }

  /** Reads a block, which was prepared. */
  block(list: List, b: Block, counts: boolean): Postings {
    if (list.ref.inline) return { docs: [list.ref.doc], tfs: [1] };
    const data = this.pages.get(b.off, b.end - b.off + slack);
    if (b.n === blockSize && list.ref.df > blockSize) return this.fullBlock(data, b, counts);
    const bits = new Bits(data);
    const docs: number[] = [];
    const k = riceParameter(this.docs - b.prev, b.n);
    for (let doc = b.prev; docs.length < b.n; doc++) docs.push((doc += bits.rice(k)));
    if (docs[docs.length - 1]! >= this.docs) damaged("a list of documents");
    return { docs, tfs: counts ? docs.map(() => bits.gamma()) : [] };
  }

  private fullBlock(data: Uint8Array, b: Block, counts: boolean): Postings {
    const r = new Reader(data);
    const docs = readPacked(r);
    let doc = b.prev;
    for (let i = 0; i < docs.length; i++) {
      docs[i] = doc += docs[i]!;
      doc++;
    }
    if (doc !== b.last + 1) damaged("a list of documents");
    return { docs, tfs: counts ? readPacked(r).map((n) => n + 1) : [] };
  }

  /** Reads the places of a word in the documents of a block, which were prepared, with the lengths of the documents. */
  places(list: List, b: Block, p: Postings, lengths: (doc: number) => number): number[][] {
    if (list.ref.inline) return [[list.ref.place]];
    const [off, n] = this.stretchOfPlaces(list, b)[0]!;
    const bits = new Bits(this.pages.get(off, n));
    return p.docs.map((doc, i) => {
      const tf = p.tfs[i]!;
      const length = lengthOf(lengths(doc));
      if (tf === 1) return [bits.get(bitLength(length))];
      return bits.gaps(tf, riceParameter(length, tf));
    });
  }

  /** Where the lengths of documents lie. */
  stretchesOfLengths(docs: Iterable<number>): Stretch[] {
    const { off, size } = this.extent("lengths");
    if (size <= 128 << 10) return size > 0 ? [[off, size]] : [];
    const out: Stretch[] = [];
    for (const d of docs) {
      const last = out[out.length - 1];
      if (last && off + d < last[0] + last[1] + 4096) last[1] = Math.max(last[1], off + d + 1 - last[0]);
      else out.push([off + d, 1]);
    }
    return out;
  }

  /** The code of a document's length, which was prepared. */
  length(doc: number): number {
    return this.pages.get(this.extent("lengths").off + doc, 1)[0]!;
  }

  // Documents.

  /** Loads the records of documents: what stands where in each, and its row. */
  async records(docs: number[]): Promise<{ zones: Uint8Array; row: Uint8Array }[]> {
    const { record } = this.columns;
    await this.pages.prepare(docs.map((d) => record.stretch(d, d + 2)));
    const at = docs.map((d) => {
      const view = record.view(d, d + 2);
      return this.within("docs", view(d), view(d + 1) - view(d));
    });
    await this.pages.prepare(at);
    return at.map((s) => {
      const r = new Reader(this.pages.get(...s));
      const zones = r.bytes(r.number());
      return { zones, row: r.bytes(r.left) };
    });
  }

  /** Reads the row of a record. */
  row(b: Uint8Array): Row {
    const r = new Reader(b);
    const number = () => r.number(maxOffset);
    const text = () => decoder.decode(r.bytes(number()));
    const date = r.signed();
    const [no, edition, copyOf] = [number(), number(), number()];
    const sets = rowFacets.map(number);
    const [at, body, size, receivers] = [number(), number(), number(), number()];
    number(); // sent to many
    const [subject, from, to] = [text(), text(), text()];
    const files: Row["files"] = [];
    for (let n = number(); n > 0; n--) files.push({ name: text(), size: number() });
    return { date, number: no, edition, copyOf, sets, text: at, body, size, receivers, subject, from, to, files };
  }

  /** The first values of the facets that a row names. */
  async rowValues(row: Row): Promise<Record<(typeof rowFacets)[number], string>> {
    await this.pages.prepare([this.small]);
    const out = {} as Record<(typeof rowFacets)[number], string>;
    for (const [i, name] of rowFacets.entries()) {
      const [first] = await this.setOf(name, row.sets[i]!);
      out[name] = first === undefined ? "" : (await this.facets[name].values.get([first]))[0]!;
    }
    return out;
  }

  /** The values of a set, as places in the table of values. */
  async setOf(name: FacetName, set: number): Promise<number[]> {
    const { starts, members, sets, values } = this.facets[name];
    if (!(set >= 0 && set < sets)) return [];
    const start = await starts.load(set, set + 2);
    const [from, to] = [Math.max(0, start(set)), Math.min(start(set + 1), members.n)];
    if (from >= to) return [];
    if (to - from > values.count) damaged("a set of values");
    const member = await members.load(from, to);
    const out: number[] = [];
    for (let i = from; i < to; i++) if (member(i) >= 0 && member(i) < values.count) out.push(member(i));
    return out;
  }

  /** Loads the frames that hold bytes [from, to) of all texts; unpack makes texts of them. */
  async text(from: number, to: number, unpack: (frame: Uint8Array, size: number) => Uint8Array): Promise<Uint8Array> {
    if (!(from >= 0 && from <= to && to <= this.textSize)) damaged("a text outside of the texts");
    const out = new Uint8Array(to - from);
    if (from === to) return out;
    const first = Math.floor(from / frameSize);
    const last = Math.floor((to - 1) / frameSize);
    const at = await this.frames.load(first, last + 2);
    const packed: Stretch[] = [];
    for (let f = first; f <= last; f++) packed.push(this.within("text", at(f), at(f + 1) - at(f)));
    await this.pages.prepare(packed);
    for (let f = first; f <= last; f++) {
      const start = f * frameSize;
      const size = Math.min(frameSize, this.textSize - start);
      const frame = unpack(this.pages.get(...packed[f - first]!), size);
      if (frame.length !== size) damaged("a frame of another size");
      out.set(frame.subarray(Math.max(0, from - start), Math.min(size, to - start)), Math.max(0, start - from));
    }
    return out;
  }

  /**
   * The first document, of those in the order of dates, that is not dated before
   * a time. Dates are spread about evenly, so the place is guessed from those
   * known before and behind; every second guess is the middle.
   */
  async firstSince(time: number): Promise<number> {
    const chunk = 1024; // about a page of the file
    let [lo, hi, before, behind] = [0, this.dated, this.first, this.last];
    for (let even = true; hi - lo > 0; even = !even) {
      const share = even && behind > before ? (time - before) / (behind - before) : 0.5;
      const mid = Math.floor(lo + (hi - lo) * Math.min(1, Math.max(0, share)));
      const from = Math.max(lo, Math.min(mid - chunk / 2, hi - chunk));
      const to = Math.min(hi, from + chunk);
      const date = await this.columns.date.load(from, to);
      if (date(from) >= time) [hi, behind] = [from, date(from)];
      else if (date(to - 1) < time) [lo, before] = [to, date(to - 1)];
      else {
        [lo, hi] = [from, to];
        while (lo < hi) {
          const at = (lo + hi) >> 1;
          if (date(at) < time) lo = at + 1;
          else hi = at;
        }
      }
    }
    return lo;
  }
}

/** Reads 128 numbers: width, exceptions, packed bits, then place and high bits of each exception. */
function readPacked(r: Reader): number[] {
  const width = r.byte();
  const exceptions = r.byte();
  if (width > 32) damaged("a block of documents");
  const bits = new Bits(r.bytes(16 * width));
  const v: number[] = [];
  for (let i = 0; i < blockSize; i++) v.push(bits.get(width));
  for (let n = 0; n < exceptions; n++) {
    const i = r.byte();
    const high = r.number(2 ** 32);
    if (i >= blockSize) damaged("a block of documents");
    v[i] = v[i]! + high * 2 ** width;
  }
  return v;
}

/** Where the zones of a document lie; fn gets each in order and returns false to stop. */
export function stretchesOf(b: Uint8Array, fn: (z: number, from: number, to: number) => boolean): void {
  const r = new Reader(b);
  let at = 0;
  let body = false;
  while (r.left > 0) {
    const v = r.number(2 ** 36);
    const z = v % 16;
    const n = Math.floor(v / 16);
    if (z >= zones) damaged("a zone");
    if (body && z > zone.quoted) at++;
    body = z <= zone.quoted;
    if (at + n > 2 ** 31) damaged("a zone");
    if (!fn(z, at, at + n)) return;
    at += n;
    if (!body) at++;
  }
}
