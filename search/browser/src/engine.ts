// Answers queries over one segment as segment.Index does: the same hits, counts
// and orders. What a query does not need is not loaded.

import { Bitset } from "./bitset";
import { distance } from "./fields";
import { fuzzyWalk } from "./fuzzy";
import { kinds, lengthOf, noDate, rawOf, stretchesOf, textOfRaw, zone, type FacetName, type List, type Postings, type Ref, type Row, type Segment, type Term } from "./format";
import { parse } from "./parse";
import { canonical, single, type Dates, type Node, type Numbers, type Query, type Text, type Value, type Word } from "./query";
import { Marker, type Snippet } from "./snippet";
import { forms, names, Walker, type Pattern } from "./spelling";
import { sha256 } from "../../../verifier/src/sha256";

export type Sort = "newest" | "oldest" | "relevance" | "number";

export type Request = {
  query: Query;
  sort: Sort;
  limit: number;
  /** Of Result.next. */
  cursor: string;
  /** Show and count one of each set of copies. */
  fold: boolean;
};

export type Hit = {
  collection: string;
  number: number;
  edition: number;
  batch: number;
  kind: string;
  subject: string;
  from: string;
  to: string;
  receivers: number;
  /** In seconds since 1970; null for the undated. */
  date: number | null;
  files: number;
  verdict: string;
  copyOf: number;
  copies: number;
  score: number;
  /** Loads where it matches, n pieces at most. */
  snippets: (n: number) => Promise<Snippet[]>;
};

export type Result = { total: number; hits: Hit[]; next: string };

export type FacetCount = { values: { value: string; label: string; clause: string; count: number }[]; distinct: number };
export type YearCount = { year: number; count: number };

/** The facets, by the names of package search, and what they are stored as. */
const facetIDs: Record<string, FacetName> = {
  type: "type", person: "person", batch: "batch", verification: "verdict", language: "lang", has: "has", collection: "collection", owner: "owner", year: "year",
};

/** The fields whose clauses pick a facet's value. */
const facetFields: Record<string, string> = { type: "type", person: "from", batch: "batch", verification: "is", language: "lang", has: "has", collection: "in" };

/** The facets that answer the fields of exact values. */
const facetOf: Record<string, FacetName> = { has: "has", type: "type", ext: "ext", thread: "thread", in: "collection" };

const everyone = [kinds.from, kinds.to, kinds.cc, kinds.bcc];

/** The terms that a field's words are looked up as. */
const kindsOf: Record<string, number[]> = {
  "": [kinds.word], body: [kinds.word], own: [kinds.word], quoted: [kinds.word], subject: [kinds.subject], from: [kinds.from],
  to: [kinds.to, kinds.cc, kinds.bcc], cc: [kinds.cc], bcc: [kinds.bcc], with: everyone, person: everyone, filename: [kinds.filename],
};

const bit = (...list: number[]) => list.reduce((b, z) => b | (1 << z), 0);

/** The stretches in which a field's words stand, as bits; 0 for anywhere. */
export const zonesOf: Record<string, number> = {
  "": 0, body: bit(zone.own, zone.quoted), own: bit(zone.own), quoted: bit(zone.quoted), subject: bit(zone.subject), from: bit(zone.from),
  to: bit(zone.to, zone.cc, zone.bcc), cc: bit(zone.cc), bcc: bit(zone.bcc), filename: bit(zone.filename),
  with: bit(zone.from, zone.to, zone.cc, zone.bcc), person: bit(zone.from, zone.to, zone.cc, zone.bcc),
};

/** One word of a text: terms whose documents may match, and the word itself with its places. */
type Slot = { docs: Ref[]; words: Ref[]; exact: Ref | null };

/** A node of the tree, made ready. */
type Clause = {
  node: Node;
  kids: Clause[];
  slots: Slot[];
  zones: number;
  /** To be decided by places. */
  places: boolean;
  /** About how many documents match. */
  cost: number;
  /** Of a text that is not ranked word by word. */
  weight: number;
  found: Bitset | null;
};

/** A found document with its place in the order asked for: less is shown first. */
type Item = { key: number; collection: number; number: number; doc: number };

function compare(a: Item, b: Item): number {
  return a.key - b.key || a.collection - b.collection || a.number - b.number;
}

const [bm25K, bm25B] = [1.2, 0.75];

/** What an item scores that has another spelling of a word, as a part of the word's weight. */
const spelledWeight = 0.25;

/** The least share of the items with a language that makes it one of the file, as one in so many. */
const langShare = 200;

/** How many spellings of a word an answer names. */
const maxAlso = 12;

/** What was found of a text's other spellings, most items first. */
export type Spelled = { text: Text; words: string[] };

/** A word of the query and the other spellings of it that were searched. */
export type Also = { word: string; spellings: string[] };

/** The cursor is not of this file: show the first page instead. */
export class OddCursor extends Error {}

export class Index {
  /** What a length weighs in BM25, by its code. */
  private readonly norms: Float64Array;
  private langs: Promise<string[]> | null = null;

  /** langs are the languages of the items, where they are known: counting them loads a column. */
  constructor(
    readonly seg: Segment,
    langs?: string[],
  ) {
    if (langs) this.langs = Promise.resolve(langs);
    const mean = Math.max(1, seg.words / Math.max(1, seg.docs));
    this.norms = Float64Array.from({ length: 256 }, (_, code) => bm25K * (1 - bm25B + (bm25B * lengthOf(code)) / mean));
  }

  idf(n: number): number {
    return Math.log(1 + (this.seg.docs - n + 0.5) / (n + 0.5));
  }

  async search(r: Request): Promise<Search> {
    this.seg.pages.begin();
    const s = new Search(this, r);
    await s.compile();
    return s;
  }

  /** The languages that words are inflected in: those of the items. */
  languages(): Promise<string[]> {
    return (this.langs ??= this.readLangs());
  }

  private async readLangs(): Promise<string[]> {
    const { docs, sets } = this.seg.facets.lang;
    const [values, of] = await Promise.all([this.seg.valuesOf("lang"), docs.load()]);
    const bySet = new Float64Array(sets);
    for (let d = 0; d < this.seg.docs; d++) bySet[of(d)]!++;
    const counts = new Map<string, number>();
    let sum = 0;
    for (const [k, n] of bySet.entries()) {
      for (const v of await this.seg.setOf("lang", k)) {
        const tag = values[v]!.split("-")[0]!;
        counts.set(tag, (counts.get(tag) ?? 0) + n);
        sum += n;
      }
    }
    return [...counts.keys()].filter((tag) => counts.get(tag)! > 0 && counts.get(tag)! * langShare >= sum);
  }

  /** Whether some documents are copies of others. */
  hasCopies(): boolean {
    return this.seg.columns.copyOf.width > 0;
  }

  /** The score of a count in a text of a length. */
  value(idf: number, tf: number, code: number): number {
    return (idf * (bm25K + 1) * tf) / (tf + this.norms[code]!);
  }

  most(idf: number): number {
    return idf * (bm25K + 1);
  }
}

/** A word that texts are ranked by, and its list. */
type Ranker = { ref: Ref; idf: number; list: List; read: Map<number, Map<number, number>> };

/** One question on its way. */
export class Search {
  private readonly seg: Segment;
  private root: Clause | null = null;
  private set: Promise<Bitset> | null = null;
  private readonly folded = new Map<number, number>();
  private readonly words: { ref: Ref; idf: number }[] = [];
  private readonly bonuses: Clause[] = [];
  private readonly spelled: Spelled[] = [];

  constructor(
    private readonly ix: Index,
    private readonly r: Request,
  ) {
    this.seg = ix.seg;
  }

  /** Looks all words up. */
  async compile(): Promise<void> {
    this.seg.expect();
    if (this.r.query.root) this.root = await this.clause(this.r.query.root, this.r.query.exact);
    if (this.root && this.r.sort === "relevance") this.collect(this.root);
  }

  /** The page asked for. */
  async page(): Promise<Result> {
    const items = await this.items();
    const total = await this.total();
    const { limit } = this.r;
    const more = items.length > limit;
    items.length = Math.min(items.length, limit);
    const last = items[items.length - 1];
    return { total, hits: await this.rows(items), next: more && last ? [last.key, last.collection, last.number, last.doc].join("_") : "" };
  }

  async total(): Promise<number> {
    if (!this.root && !this.r.fold) return this.seg.docs;
    const one = this.counted();
    return one ? (one.docs[0]?.df ?? 0) : (await this.found()).count();
  }

  /** The slot whose only list is the answer, so that the dictionary knows the total. */
  private counted(): Slot | null {
    const c = this.root;
    if (!c || this.r.fold || c.node.kind !== "text" || c.places || c.slots.length !== 1 || c.slots[0]!.docs.length > 1) return null;
    return c.slots[0]!;
  }

  /** All documents that the query holds for. */
  private found(): Promise<Bitset> {
    return (this.set ??= this.evaluate());
  }

  private async evaluate(): Promise<Bitset> {
    const all = Bitset.range(this.seg.docs, 0, this.seg.docs);
    const set = this.root && this.seg.docs > 0 ? await this.holds(this.root, all) : all;
    if (this.r.fold) await this.foldCopies(set);
    return set;
  }

  // Making the tree ready.

  /** exact: no other spellings, as of what is taken away, which is what was written and no more. */
  private async clause(node: Node, exact: boolean): Promise<Clause> {
    const c: Clause = { node, kids: [], slots: [], zones: 0, places: false, cost: this.seg.docs, weight: 0, found: null };
    if (node.kind === "and" || node.kind === "or") c.kids = await Promise.all(node.nodes.map((n) => this.clause(n, exact)));
    if (node.kind === "not") c.kids = [await this.clause(node.node, true)];
    if (node.kind !== "text") return c;
    const [, others] = await Promise.all([this.text(c, node), exact ? null : this.otherSpellings(node)]);
    if (!others) return c;
    const cost = Math.min(this.seg.docs, c.cost + others.cost);
    others.weight = spelledWeight * this.ix.idf(cost);
    return { node: { kind: "or", nodes: [node, others.node] }, kids: [c, others], slots: [], zones: 0, places: false, cost, weight: 0, found: null };
  }

  /** The clause of the other spellings of a text, if the file has any. */
  private async otherSpellings(t: Text): Promise<Clause | null> {
    const patterns = await this.patterns(t);
    if (patterns.length === 0) return null;
    const found = new Map<string, number>();
    const own = t.words.length === 1 ? rawOf(t.words[0]!.text) : null;
    const slot = await this.expand(kindsOf[t.field]!, (kind) => this.spellings(kind, patterns, own, found));
    if (found.size === 0) return null;
    const words = [...found.keys()].sort((a, b) => found.get(b)! - found.get(a)! || (a < b ? -1 : 1));
    this.spelled.push({ text: t, words: words.map(textOfRaw) });
    const n = slot.docs.reduce((sum, ref) => sum + ref.df, 0);
    const places = kindsOf[t.field]![0] === kinds.word && t.field !== "";
    // As a prefix does, it stands for any of several terms.
    const node: Text = { ...t, mode: "prefix", words: t.words.slice(0, 1) };
    return { node, kids: [], slots: [slot], zones: zonesOf[t.field]!, places, cost: Math.min(this.seg.docs, n), weight: 0, found: null };
  }

  /** The other spellings that are to be found of a text: of a single word without quotes. */
  private async patterns(t: Text): Promise<Pattern[]> {
    if (t.quoted || !single(t)) return [];
    const word = rawOf(t.words.map((w) => w.text).join(""));
    const inForms = ["", "subject", "body", "own", "quoted", "filename"].includes(t.field);
    return [...(t.words.length > 1 ? [[[word]]] : []), ...(inForms ? forms(word, await this.ix.languages()) : []), ...names(word)];
  }

  /** Finds the terms of a kind that are of some patterns, but a word itself, and adds up in how many items they are. */
  private async spellings(kind: number, patterns: Pattern[], own: string | null, found: Map<string, number>): Promise<Ref[]> {
    const head = String.fromCharCode(kind);
    const [walker, ahead] = [new Walker(patterns), new Walker(patterns)];
    const refs: Ref[] = [];
    const visit = ({ term, ref }: Term) => {
      if (term[0] !== head) return null;
      const word = term.slice(1);
      const next = walker.next(word);
      if (next === null) return null;
      if (next !== word) return head + next;
      if (word !== own) {
        refs.push(ref);
        found.set(word, (found.get(word) ?? 0) + ref.df);
      }
      return "";
    };
    await this.seg.walk(head + walker.next(""), visit, (from) => {
      const next = from[0] === head ? ahead.next(from.slice(1)) : null;
      return next === null ? null : head + next;
    });
    return refs;
  }

  /** What was searched besides, once for each word. */
  also(): Also[] {
    const out = new Map<string, Also>();
    for (const { text, words } of this.spelled) {
      const word = text.words.map((w) => w.text).join("");
      if (!out.has(word)) out.set(word, { word, spellings: words.slice(0, maxAlso) });
    }
    return [...out.values()];
  }

  private async text(c: Clause, t: Text): Promise<void> {
    const of = kindsOf[t.field]!;
    c.zones = zonesOf[t.field]!;
    const address = wholeAddress(t);
    if (address !== "") {
      c.slots = [await this.slot(of, address, false)];
    } else {
      const several = t.words.length > 1;
      c.places = several || (of[0] === kinds.word && t.field !== "");
      c.slots = await Promise.all(t.words.map((w) => this.wordSlot(of, t, w, several)));
    }
    for (const s of c.slots) {
      const n = s.docs.reduce((sum, ref) => sum + ref.df, 0);
      c.cost = Math.min(c.cost, n);
      c.weight += this.ix.idf(Math.min(n, this.seg.docs));
    }
    const lists = c.slots.filter((s) => s.docs.length <= 4);
    await Promise.all(lists.map((s) => this.seg.open(s.docs, of[0] === kinds.word)));
  }

  private async wordSlot(of: number[], t: Text, w: Word, several: boolean): Promise<Slot> {
    if (t.mode === "prefix") return this.expand(of, (kind) => this.prefixed(kind, w.text));
    if (t.mode !== "fuzzy") return this.slot(of, w.text, several);
    const s = await this.expand(of, (kind) => this.fuzzy(kind, w.text, t.n));
    if (of[0] === kinds.word) s.exact = (await this.slot(of, w.text, false)).docs[0] ?? null;
    return s;
  }

  /** Looks a word up, and its places too if wanted. */
  private async slot(of: number[], word: string, places: boolean): Promise<Slot> {
    const w = rawOf(word);
    const terms = of.map((k) => String.fromCharCode(k) + w);
    const also = places && of[0] !== kinds.word ? [String.fromCharCode(kinds.word) + w] : [];
    const found = await this.seg.lookup([...terms, ...also]);
    const refs = (list: string[]) => found.filter((t) => list.includes(t.term)).map((t) => t.ref);
    const docs = refs(terms);
    return { docs, words: of[0] === kinds.word ? docs : docs.length > 0 ? refs(also) : [], exact: null };
  }

  /** Collects the terms that stand for a word. */
  private async expand(of: number[], find: (kind: number) => Promise<Ref[]>): Promise<Slot> {
    const docs = (await Promise.all(of.map(find))).flat();
    return { docs, words: docs, exact: null };
  }

  private async prefixed(kind: number, word: string): Promise<Ref[]> {
    const prefix = String.fromCharCode(kind) + rawOf(word);
    const refs: Ref[] = [];
    await this.seg.walk(prefix, (t) => {
      if (!t.term.startsWith(prefix)) return null;
      if (kind === kinds.word || !t.term.includes("@")) refs.push(t.ref);
      return "";
    }, (from) => (from.startsWith(prefix) ? from : null));
    return refs;
  }

  private async fuzzy(kind: number, word: string, n: number): Promise<Ref[]> {
    const refs: Ref[] = [];
    await fuzzyWalk(this.seg, kind, word, n, (t: Term) => {
      if (!t.term.includes("@")) refs.push(t.ref);
    });
    return refs;
  }

  // Finding.

  /** The documents that a clause holds for, none outside within. */
  private async holds(c: Clause, within: Bitset): Promise<Bitset> {
    const { node } = c;
    switch (node.kind) {
      case "and":
        return this.evalAnd(c, within);
      case "or": {
        const out = new Bitset(this.seg.docs);
        for (const k of c.kids) out.unite(await this.holds(k, within));
        return out;
      }
      case "not":
        return within.without(await this.holds(c.kids[0]!, within));
      case "text":
        return (c.found = await this.evalText(c, node, within));
      case "value":
        return this.evalValue(node, within);
      case "numbers":
        return this.evalNumbers(node, within);
      case "dates":
        return this.evalDates(node, within);
    }
  }

  /** Narrows down by the rarest clause first and takes away last. */
  private async evalAnd(c: Clause, within: Bitset): Promise<Bitset> {
    const rank = (k: Clause) => (k.node.kind === "not" ? 2 * this.seg.docs : k.cost);
    let set = within;
    for (const k of [...c.kids].sort((a, b) => rank(a) - rank(b))) {
      set = await this.holds(k, set);
      if (set.empty()) break;
    }
    return set;
  }

  private async evalText(c: Clause, t: Text, within: Bitset): Promise<Bitset> {
    let set = within;
    for (const s of c.slots) {
      const next = new Bitset(this.seg.docs);
      await this.addLists(next, s.docs, isWord(t), set);
      set = next;
    }
    if (!c.places || set.empty()) return set;
    return c.slots.length === 1 ? this.inZone(c, set) : this.inOrder(c, t, set);
  }

  /** Adds the documents of lists that are in within, reading only blocks that may hold some. */
  private async addLists(out: Bitset, refs: Ref[], counts: boolean, within: Bitset): Promise<void> {
    await this.eachBlock(refs, counts, within, false, (p) => {
      for (const d of p.docs) if (within.has(d)) out.add(d);
    });
  }

  /** Reads the blocks of lists that may hold documents of a set. */
  private async eachBlock(refs: Ref[], counts: boolean, within: Bitset, withCounts: boolean, fn: (p: Postings) => void): Promise<void> {
    for (let i = 0; i < refs.length; i += 256) {
      const lists = await this.seg.open(refs.slice(i, i + 256), counts);
      const blocks = lists.flatMap((list) => list.blocks.filter((b) => meets(within, b.prev, b.last)).map((b) => ({ list, b })));
      await this.seg.pages.prepare(blocks.flatMap(({ list, b }) => this.seg.stretchOfBlock(list, b)));
      for (const { list, b } of blocks) fn(this.seg.block(list, b, withCounts));
    }
  }

  /** The places of a word in the documents of a set. */
  private async placesIn(ref: Ref | undefined, set: Bitset): Promise<Map<number, number[]>> {
    const out = new Map<number, number[]>();
    if (!ref) return out;
    const { seg } = this;
    const [list] = (await seg.open([ref], true)) as [List];
    const blocks = list.blocks.filter((b) => meets(set, b.prev, b.last));
    await seg.pages.prepare(blocks.flatMap((b) => [...seg.stretchOfBlock(list, b), ...seg.stretchOfPlaces(list, b)]));
    const read = blocks.map((b) => seg.block(list, b, true));
    await seg.pages.prepare(seg.stretchesOfLengths(read.flatMap((p) => p.docs)));
    for (const [i, b] of blocks.entries()) {
      const places = seg.places(list, b, read[i]!, (d) => seg.length(d));
      for (const [j, d] of read[i]!.docs.entries()) if (set.has(d)) out.set(d, places[j]!);
    }
    return out;
  }

  /** Keeps the documents in which one of the words stands in the zones. */
  private async inZone(c: Clause, set: Bitset): Promise<Bitset> {
    const out = new Bitset(this.seg.docs);
    for (const ref of c.slots[0]!.words) {
      const places = await this.placesIn(ref, set.without(out));
      const docs = [...places.keys()];
      const records = await this.seg.records(docs);
      for (const [i, d] of docs.entries()) if (anyIn(places.get(d)!, records[i]!.zones, c.zones)) out.add(d);
    }
    return out;
  }

  /** Keeps the documents in which the words stand as wanted. */
  private async inOrder(c: Clause, t: Text, set: Bitset): Promise<Bitset> {
    const places = await Promise.all(c.slots.map((s) => this.placesIn(s.words[0], set)));
    const of = (d: number) => places.map((m) => m.get(d) ?? []);
    let docs = [...set];
    if (t.mode === "phrase") docs = docs.filter((d) => sideBySide(t.words, of(d), 0, Infinity));
    const out = new Bitset(this.seg.docs);
    if (t.mode === "phrase" && c.zones === 0) {
      for (const d of docs) out.add(d);
      return out;
    }
    const records = await this.seg.records(docs);
    const times = repeats(t.words);
    for (const [i, d] of docs.entries()) {
      const at = of(d);
      const holds = (from: number, to: number) => (t.mode === "near" ? together(at, times, t.n, from, to) : sideBySide(t.words, at, from, to));
      if (bounded(records[i]!.zones, c.zones, holds)) out.add(d);
    }
    return out;
  }

  private async evalValue(v: Value, within: Bitset): Promise<Bitset> {
    const out = new Bitset(this.seg.docs);
    switch (v.field) {
      case "msgid": {
        const sum = sha256(new TextEncoder().encode(v.value)).subarray(0, 8);
        const found = await this.seg.lookup([String.fromCharCode(kinds.msgid, ...sum)]);
        await this.addLists(out, found.map((t) => t.ref), false, within);
        return out;
      }
      case "sha256":
        await this.addLists(out, await this.hashes(v.value.slice(0, 32)), false, within);
        return out;
      case "is":
        if (v.value === "new") return this.evalNew(within);
        if (v.value === "withdrawn") return this.evalFacet("state", within, (have) => have === "tombstone");
        return this.evalFacet("verdict", within, (have) => have === v.value);
      case "lang":
        return this.evalFacet("lang", within, (have) => have === v.value || have.startsWith(v.value + "-"));
    }
    const id = facetOf[v.field];
    if (!id) return out;
    const place = await this.seg.facets[id].values.find(v.value);
    return place < 0 ? out : this.withValues(id, within, (i) => i === place);
  }

  /** The lists of hashes that begin with hex digits. */
  private async hashes(hex: string): Promise<Ref[]> {
    let prefix = String.fromCharCode(kinds.sha256);
    for (let i = 0; i + 2 <= hex.length; i += 2) prefix += String.fromCharCode(parseInt(hex.slice(i, i + 2), 16));
    const half = hex.length % 2 === 1 ? parseInt(hex.slice(-1), 16) : -1;
    const refs: Ref[] = [];
    await this.seg.walk(prefix, (t) => {
      if (!t.term.startsWith(prefix)) return null;
      if (half < 0 || t.term.charCodeAt(prefix.length) >> 4 === half) refs.push(t.ref);
      return "";
    });
    return refs;
  }

  /** Finds the items of the newest batch of each collection. */
  private async evalNew(within: Bitset): Promise<Bitset> {
    const { collection, batch } = this.seg.facets;
    const [colls, batches] = await Promise.all([collection.docs.load(), batch.docs.load()]);
    const numbers = (await this.firstValues("batch")).map(Number);
    const newest = new Map<number, number>();
    for (let d = 0; d < this.seg.docs; d++) newest.set(colls(d), Math.max(newest.get(colls(d)) ?? 0, numbers[batches(d)] ?? 0));
    const out = new Bitset(this.seg.docs);
    for (const d of within) {
      const n = newest.get(colls(d))!;
      if (n > 0 && numbers[batches(d)] === n) out.add(d);
    }
    return out;
  }

  /** The first value of each set of a small facet. */
  private async firstValues(id: FacetName): Promise<string[]> {
    const values = await this.seg.valuesOf(id);
    return (await this.setsOf(id)).map((set) => (set.length > 0 ? values[set[0]!]! : ""));
  }

  private async setsOf(id: FacetName): Promise<number[][]> {
    const { sets, starts, members } = this.seg.facets[id];
    await this.seg.pages.prepare([starts.stretch(0, starts.n), members.stretch(0, members.n)]);
    const out: number[][] = [];
    for (let k = 0; k < sets; k++) out.push(await this.seg.setOf(id, k));
    return out;
  }

  /** Finds the documents with a value that fits, of a small facet. */
  private async evalFacet(id: FacetName, within: Bitset, fits: (value: string) => boolean): Promise<Bitset> {
    const values = await this.seg.valuesOf(id);
    const good = values.map(fits);
    return good.includes(true) ? this.withValues(id, within, (v) => good[v]!) : new Bitset(this.seg.docs);
  }

  private async withValues(id: FacetName, within: Bitset, fits: (value: number) => boolean): Promise<Bitset> {
    const chosen = (await this.setsOf(id)).map((set) => set.some(fits));
    if (chosen.length > 0 && !chosen.includes(false)) return within;
    const out = new Bitset(this.seg.docs);
    if (!chosen.includes(true)) return out;
    const of = await this.viewOf(id, within);
    for (const d of within) if (chosen[of(d)]) out.add(d);
    return out;
  }

  /** The sets of the documents of a set. */
  private viewOf(id: FacetName, set: Bitset): Promise<(doc: number) => number> {
    const first = Math.max(0, set.next(0));
    return this.seg.facets[id].docs.load(first, Math.max(first, set.prev(set.size - 1) + 1));
  }

  private async evalNumbers(n: Numbers, within: Bitset): Promise<Bitset> {
    const fits = (v: number) => v > 0 && v >= n.from && (n.to === 0 || v <= n.to);
    if (n.field === "batch") return this.evalFacet("batch", within, (have) => fits(Number(have)));
    const { seg } = this;
    if (seg.docs === 0 || n.from > seg.greatest || (n.to > 0 && n.to < seg.lowest)) return new Bitset(seg.docs);
    return this.byColumn(within, "number", fits, seg.byNumber ? await this.numbered(n) : undefined);
  }

  /** Where documents stand in the order of their numbers: those that may have one of the range. */
  private async numbered(n: Numbers): Promise<[number, number]> {
    const at = async (v: number): Promise<number> => {
      let [lo, hi] = [0, this.seg.docs];
      // Numbers are close together, so the first guess is mostly right.
      for (let mid = Math.min(hi - 1, Math.max(0, v - this.seg.lowest)); lo < hi; mid = (lo + hi) >> 1) {
        if ((await this.seg.columns.number.load(mid, mid + 1))(mid) < v) lo = mid + 1;
        else hi = mid;
      }
      return lo;
    };
    return [n.from > this.seg.lowest ? await at(n.from) : 0, n.to > 0 && n.to < this.seg.greatest ? await at(n.to + 1) : this.seg.docs];
  }

  private async byColumn(within: Bitset, name: "number" | "date" | "published", fits: (v: number) => boolean, range?: [number, number]): Promise<Bitset> {
    const out = new Bitset(this.seg.docs);
    const from = within.next(range?.[0] ?? 0);
    const to = Math.min(range?.[1] ?? this.seg.docs, within.prev(this.seg.docs - 1) + 1);
    if (from < 0 || from >= to) return out;
    const value = await this.seg.columns[name].load(from, to);
    for (let d = from; d >= 0 && d < to; d = within.next(d + 1)) if (fits(value(d))) out.add(d);
    return out;
  }

  private async evalDates(n: Dates, within: Bitset): Promise<Bitset> {
    const { seg } = this;
    const from = n.from ?? -Infinity;
    const to = Math.min(noDate, n.to ?? Infinity);
    const fits = (v: number) => v >= from && v < to;
    if (n.field !== "date") return this.byColumn(within, "published", fits);
    if (from > seg.last || to <= seg.first) return new Bitset(seg.docs);
    if (!seg.byDate) return this.byColumn(within, "date", fits);
    const [first, last] = await Promise.all([from <= seg.first ? 0 : seg.firstSince(from), to > seg.last ? seg.dated : seg.firstSince(to)]);
    return within.without(within.without(Bitset.range(seg.docs, first, last)));
  }

  /** Leaves one hit of each set of copies: the first item of the set, else the hit of the least number. */
  private async foldCopies(set: Bitset): Promise<void> {
    const { copyOf, number } = this.seg.columns;
    if (set.empty()) return;
    const [first, no, coll] = await Promise.all([copyOf.load(), number.load(), this.collections()]);
    const groups = new Map<string, number[]>();
    const at = new Map<string, number>();
    for (const d of set) {
      at.set(coll(d) + "/" + no(d), d);
      if (first(d) === 0) continue;
      const name = coll(d) + "/" + first(d);
      groups.set(name, [...(groups.get(name) ?? []), d]);
    }
    for (const [name, docs] of groups) {
      docs.sort((a, b) => no(a) - no(b));
      const keep = at.get(name) ?? docs[0]!;
      const drop = docs.filter((d) => d !== keep);
      for (const d of drop) set.remove(d);
      this.folded.set(keep, (this.folded.get(keep) ?? 0) + drop.length);
    }
  }

  /** The place of each document's collection among the names in order. */
  private async collections(): Promise<(doc: number) => number> {
    const { docs, values } = this.seg.facets.collection;
    if (values.count <= 1) return () => 0;
    const [of, sets] = [await docs.load(), await this.setsOf("collection")];
    return (d) => sets[of(d)]?.[0] ?? -1;
  }

  // The order of hits.

  private async items(): Promise<Item[]> {
    const after = this.after();
    const k = this.r.limit + 1;
    if (this.r.limit === 0) return [];
    if (this.r.sort === "relevance") return this.ranked(k, after);
    if (this.r.sort === "number" ? this.seg.byNumber : this.seg.byDate) return this.inPlace(k, after);
    const top = new Top(k, after);
    const set = await this.found();
    const item = await this.itemOf();
    for (const d of set) top.push(item(d));
    return top.items;
  }

  private after(): Item | null {
    if (this.r.cursor === "") return null;
    const [key, collection, number, doc, more] = this.r.cursor.split("_").map((s) => (s === "" ? NaN : Number(s)));
    if (more !== undefined || [key, collection, number, doc].some((n) => n === undefined || Number.isNaN(n)) || !Number.isInteger(doc) || doc! < 0 || doc! >= this.seg.docs) throw new OddCursor();
    return { key: key!, collection: collection!, number: number!, doc: doc! };
  }

  /** Makes the items of documents in an order other than by relevance. */
  private async itemOf(): Promise<(doc: number) => Item> {
    const { sort } = this.r;
    const [date, number, coll] = await Promise.all([this.seg.columns.date.load(), this.seg.columns.number.load(), this.collections()]);
    return (doc) => {
      const it = { key: 0, collection: coll(doc), number: number(doc), doc };
      if (sort === "oldest") it.key = date(doc);
      if (sort === "newest") {
        it.number = -it.number;
        it.key = date(doc) === noDate ? noDate : -date(doc);
      }
      return it;
    };
  }

  /** Finds the first hits where documents stand in the order asked for; the key of an item says how many stand before it. */
  private async inPlace(k: number, after: Item | null): Promise<Item[]> {
    const { docs, dated } = this.seg;
    const newest = this.r.sort === "newest";
    const place = (d: number) => (!newest ? d : d < dated ? dated - 1 - d : dated + docs - 1 - d);
    const out: Item[] = [];
    const add = (d: number): boolean => {
      if (!after || place(d) > place(after.doc)) out.push({ key: place(d), collection: 0, number: 0, doc: d });
      return out.length < k;
    };
    if (after && after.key !== place(after.doc)) throw new OddCursor();
    const stretches: [number, number][] = newest ? [[0, dated], [dated, docs]] : [[0, docs]];
    for (const [lo, hi] of stretches) {
      if (out.length >= k || hi <= lo || (after && place(newest ? lo : hi - 1) <= place(after.doc))) continue;
      const one = this.counted();
      if (one) await this.fromList(one.docs, lo, hi, newest, add, after);
      else {
        const set = this.root || this.r.fold ? await this.found() : Bitset.range(docs, lo, hi);
        if (newest) for (let d = set.prev(hi - 1); d >= lo && add(d); ) d = set.prev(d - 1);
        else for (let d = set.next(lo); d >= 0 && d < hi && add(d); ) d = set.next(d + 1);
      }
    }
    return out;
  }

  /** Shows the documents of a list in [lo, hi) from either end, block by block, until no more are wanted. */
  private async fromList(refs: Ref[], lo: number, hi: number, back: boolean, add: (d: number) => boolean, after: Item | null): Promise<void> {
    const isText = this.root!.node.kind === "text" && isWord(this.root!.node as Text);
    for (const list of await this.seg.open(refs, isText)) {
      let blocks = list.blocks.filter((b) => b.last >= lo && b.prev < hi);
      if (after) blocks = blocks.filter((b) => (back ? b.prev < after.doc || after.doc < lo : b.last > after.doc) || after.doc >= hi);
      if (back) blocks.reverse();
      for (const b of blocks) {
        await this.seg.pages.prepare(this.seg.stretchOfBlock(list, b));
        const { docs } = this.seg.block(list, b, false);
        for (const d of back ? docs.reverse() : docs) if (d >= lo && d < hi && !add(d)) return;
      }
    }
  }

  // Ranking.

  /** Gathers what texts are ranked by. */
  private collect(c: Clause): void {
    if (c.node.kind === "not") return;
    for (const k of c.kids) this.collect(k);
    if (c.node.kind !== "text") return;
    if (isWord(c.node) && (c.node.mode === "phrase" || c.node.mode === "near")) {
      for (const s of c.slots) this.rankBy(s.docs[0]);
      return;
    }
    this.bonuses.push(c);
    for (const s of c.slots) if (s.exact) this.rankBy(s.exact);
  }

  private rankBy(ref: Ref | undefined): void {
    if (ref) this.words.push({ ref, idf: this.ix.idf(Math.min(ref.df, this.seg.docs)) });
  }

  private async ranked(k: number, after: Item | null): Promise<Item[]> {
    const lists = await this.seg.open(this.words.map((w) => w.ref), true);
    const rankers: Ranker[] = this.words.map((w, i) => ({ ...w, list: lists[i]!, read: new Map() }));
    const only = this.words.length === 1 && this.bonuses.length === 0 && this.counted();
    const set = only ? null : await this.found();
    const windows = set ? this.windows(rankers, set) : rankers[0]!.list.blocks.map((b, i) => ({ from: b.prev, to: b.last, bound: this.bound(rankers[0]!, i) }));
    windows.sort((a, b) => b.bound - a.bound);
    const top = new Top(k, after);
    for (let i = 0, n = 2; i < windows.length; i += n, n = Math.min(2 * n, 64)) {
      const some = windows.slice(i, i + n).filter((w) => top.could(w.bound));
      if (some.length === 0) break;
      await this.rankWindows(rankers, set, some, top);
    }
    return top.items;
  }

  /** Stretches of a set in which every word stays in one block, with the most that a document in them can score. */
  private windows(rankers: Ranker[], set: Bitset): { from: number; to: number; bound: number }[] {
    const constant = this.bonuses.reduce((sum, c) => sum + (c.found ? c.weight : 0), 0);
    const out: { from: number; to: number; bound: number }[] = [];
    const at = rankers.map(() => 0);
    for (let d = set.next(0); d >= 0; ) {
      let [bound, to] = [constant, set.size - 1];
      for (const [j, r] of rankers.entries()) {
        const { blocks } = r.list;
        while (at[j]! < blocks.length && blocks[at[j]!]!.last < d) at[j]!++;
        if (at[j]! === blocks.length) continue;
        bound += this.bound(r, at[j]!);
        to = Math.min(to, blocks[at[j]!]!.last);
      }
      out.push({ from: d, to, bound });
      d = set.next(to + 1);
    }
    return out;
  }

  /** The most that a document of a block can score. */
  private bound(r: Ranker, block: number): number {
    const pairs = r.list.blocks[block]!.frontier;
    let best = 0;
    for (let i = 0; pairs && i + 1 < pairs.length; i += 2) {
      if (pairs[i] === 255) return this.ix.most(r.idf);
      best = Math.max(best, this.ix.value(r.idf, pairs[i]!, pairs[i + 1]!));
    }
    return pairs && pairs.length > 0 ? best : this.ix.most(r.idf);
  }

  private async rankWindows(rankers: Ranker[], set: Bitset | null, windows: { from: number; to: number }[], top: Top): Promise<void> {
    await Promise.all(rankers.map((r) => this.readCounts(r, windows)));
    const docs: number[] = [];
    for (const w of windows) {
      if (set) for (let d = set.next(w.from); d >= 0 && d <= w.to; d = set.next(d + 1)) docs.push(d);
      else docs.push(...(rankers[0]!.read.get(blockOf(rankers[0]!.list, w.to))?.keys() ?? []));
    }
    await this.seg.pages.prepare(this.seg.stretchesOfLengths([...docs].sort((a, b) => a - b)));
    const scored = docs.map((d) => ({ d, score: this.score(rankers, d) })).filter((s) => top.could(s.score));
    const item = await this.scored();
    for (const s of scored) if (top.could(s.score)) top.push(item(s.d, s.score));
  }

  /** Reads the counts of the blocks of a word that meet windows. */
  private async readCounts(r: Ranker, windows: { from: number; to: number }[]): Promise<void> {
    const { list } = r;
    // A word stays in one block within a window.
    const need = new Set(windows.map((w) => blockOf(list, w.from)).filter((i) => i < list.blocks.length && !r.read.has(i)));
    await this.seg.pages.prepare([...need].flatMap((i) => this.seg.stretchOfBlock(list, list.blocks[i]!)));
    for (const i of need) {
      const p = this.seg.block(list, list.blocks[i]!, true);
      r.read.set(i, new Map(p.docs.map((d, k) => [d, p.tfs[k]!])));
    }
  }

  private score(rankers: Ranker[], d: number): number {
    let score = 0;
    for (const c of this.bonuses) if (c.found?.has(d)) score += c.weight;
    for (const r of rankers) {
      const tf = r.read.get(blockOf(r.list, d))?.get(d);
      if (tf !== undefined) score += this.ix.value(r.idf, tf, this.seg.length(d));
    }
    return score;
  }

  private async scored(): Promise<(doc: number, score: number) => Item> {
    if (this.seg.byNumber) return (doc, score) => ({ key: -score, collection: 0, number: doc, doc });
    const [number, coll] = await Promise.all([this.seg.columns.number.load(), this.collections()]);
    return (doc, score) => ({ key: -score, collection: coll(doc), number: number(doc), doc });
  }

  // What is shown.

  private async rows(items: Item[]): Promise<Hit[]> {
    const records = await this.seg.records(items.map((it) => it.doc));
    const rows = records.map((r) => this.seg.row(r.row));
    const marker = new Marker(this.seg, this.r.query, this.spelled);
    return Promise.all(rows.map((row, i) => this.hit(items[i]!, row, marker)));
  }

  private async hit(it: Item, row: Row, marker: Marker): Promise<Hit> {
    const value = await this.seg.rowValues(row);
    return {
      collection: value.collection, number: row.number, edition: row.edition, batch: Number(value.batch) || 0, kind: value.kind, subject: row.subject, from: row.from, to: row.to,
      receivers: row.receivers, date: row.date === noDate ? null : row.date, files: row.files.length, verdict: value.verdict, copyOf: row.copyOf,
      copies: this.folded.get(it.doc) ?? 0, score: this.r.sort === "relevance" ? -it.key : 0,
      snippets: (n) => marker.snippets(row, n),
    };
  }

  /** About how many bytes counting takes. */
  countingCost(): number {
    let n = 0;
    for (const id of Object.values(facetIDs)) {
      const f = this.seg.facets[id];
      n += f.docs.size + f.starts.size + f.members.size;
    }
    return n;
  }

  /** Counts the hits by the values of a facet; size bounds the values, 0 for all. */
  async facet(name: string, size: number): Promise<FacetCount> {
    const id = facetIDs[name]!;
    const counts = await this.count(id);
    const { values, labels } = this.seg.facets[id];
    let best = [...counts.keys()];
    if (name === "type") {
      const all = await this.seg.valuesOf("type");
      best = best.filter((v) => !all[v]!.includes("/"));
    }
    const distinct = best.length;
    best.sort((a, b) => counts.get(b)! - counts.get(a)! || a - b);
    if (size > 0) best.length = Math.min(best.length, size);
    const [shown, named] = await Promise.all([values.get(best), labels.get(best)]);
    return { distinct, values: best.map((v, i) => ({ value: shown[i]!, label: named[i]!, clause: clauseOf(name, shown[i]!), count: counts.get(v)! })) };
  }

  /** Counts the hits by year; the undated come last, as year 0. */
  async years(): Promise<YearCount[]> {
    const counts = await this.count("year");
    const values = await this.seg.valuesOf("year");
    const list = [...counts].map(([v, count]) => ({ year: Number(values[v]), count })).filter((y) => Number.isInteger(y.year));
    return list.sort((a, b) => (a.year || Infinity) - (b.year || Infinity));
  }

  /** The hits of every value that has some. */
  private async count(id: FacetName): Promise<Map<number, number>> {
    const set = await this.found();
    const { sets, docs } = this.seg.facets[id];
    const bySet = new Float64Array(sets);
    if (docs.width === 0) {
      const k = docs.view(0, 0)(0);
      if (k >= 0 && k < sets) bySet[k] = set.count();
    } else {
      const of = await this.viewOf(id, set);
      for (const d of set) {
        const k = of(d);
        if (k >= 0 && k < sets) bySet[k]!++;
      }
    }
    const { starts, members } = this.seg.facets[id];
    await this.seg.pages.prepare([starts.stretch(0, starts.n), members.stretch(0, members.n)]);
    const counts = new Map<number, number>();
    for (const [k, n] of bySet.entries()) {
      if (n > 0) for (const v of await this.seg.setOf(id, k)) counts.set(v, (counts.get(v) ?? 0) + n);
    }
    return counts;
  }
}

/** The k first of the items it is shown, behind a cursor if there is one. */
class Top {
  readonly items: Item[] = [];

  constructor(
    private readonly k: number,
    private readonly after: Item | null,
  ) {}

  /** Whether a document of this score could get in; equal scores are decided by number. */
  could(score: number): boolean {
    return this.items.length < this.k || score >= -this.items[this.items.length - 1]!.key;
  }

  push(it: Item): void {
    if (this.after && compare(it, this.after) <= 0) return;
    let [lo, hi] = [0, this.items.length];
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (compare(this.items[mid]!, it) < 0) lo = mid + 1;
      else hi = mid;
    }
    if (lo >= this.k) return;
    this.items.splice(lo, 0, it);
    if (this.items.length > this.k) this.items.pop();
  }
}

/** The block of a list that may hold a document. */
function blockOf({ blocks }: List, d: number): number {
  let [lo, hi] = [0, blocks.length];
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (blocks[mid]!.last < d) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

function isWord(t: Text): boolean {
  return kindsOf[t.field]![0] === kinds.word;
}

/** Whether a set has a member in [first, last]. */
function meets(set: Bitset, first: number, last: number): boolean {
  const d = set.next(first);
  return d >= 0 && d <= last;
}

/** The address that the clause asks for as a whole, or "". */
function wholeAddress(t: Text): string {
  const [local, host, more] = t.value.split("@");
  if (!local || host === undefined || more !== undefined || host.lastIndexOf(".") < 1 || host.endsWith(".") || t.mode !== "phrase") return "";
  if (!zonesOf[t.field] || t.field === "filename" || isWord(t) || t.field === "subject") return "";
  const bytes = new TextEncoder().encode(t.value);
  return bytes.length <= 120 ? t.value : textOfRaw(rawOf(t.value).slice(0, 120));
}

/** Whether one of the places lies in a wanted zone. */
function anyIn(places: number[], zones: Uint8Array, want: number): boolean {
  let found = false;
  let i = 0;
  stretchesOf(zones, (z, from, to) => {
    while (i < places.length && places[i]! < from) i++;
    found = (want & (1 << z)) !== 0 && i < places.length && places[i]! < to;
    return !found && i < places.length;
  });
  return found;
}

/**
 * Whether fn holds for a stretch in which words may stand together: the wanted
 * zones, or all of them; the body is one unless own and quoted text are told
 * apart.
 */
function bounded(zones: Uint8Array, want: number, fn: (from: number, to: number) => boolean): boolean {
  const whole = bit(zone.own, zone.quoted);
  if (want === 0) want = 0xffff;
  const oneBody = (want & whole) === whole;
  let body: [number, number] | null = null;
  let found = false;
  stretchesOf(zones, (z, a, b) => {
    if (z <= zone.quoted && oneBody) {
      body = [body?.[0] ?? a, b];
      return true;
    }
    if (body) {
      found = fn(...body);
      body = null;
      if (found) return false;
    }
    if (want & (1 << z)) found = fn(a, b);
    return !found;
  });
  return found || (body !== null && fn(...(body as [number, number])));
}

/** Whether the words stand at their places relative to each other, all within [from, to). */
function sideBySide(words: Word[], places: number[][], from: number, to: number): boolean {
  const next = places.map(() => 0);
  for (const at of places[0]!) {
    if (at < from) continue;
    if (at >= to) return false;
    let fits = true;
    for (let j = 1; j < words.length && fits; j++) {
      const want = at + words[j]!.at - words[0]!.at;
      const list = places[j]!;
      while (next[j]! < list.length && list[next[j]!]! < want) next[j]!++;
      const v = list[next[j]!];
      if (v === undefined || v >= to) return false;
      fits = v === want;
    }
    if (fits) return true;
  }
  return false;
}

/** Whether the words stand within [from, to) with at most n others among them; times is how often each is asked for. */
function together(places: number[][], times: number[], n: number, from: number, to: number): boolean {
  const at = places.map((list) => {
    const i = list.findIndex((p) => p >= from);
    return i < 0 ? list.length : i;
  });
  for (;;) {
    let [least, low, high] = [0, Infinity, 0];
    for (const [j, list] of places.entries()) {
      if (times[j] === 0) continue;
      const last = list[at[j]! + times[j]! - 1];
      if (last === undefined || last >= to) return false;
      const v = list[at[j]!]!;
      if (v < low) [low, least] = [v, j];
      high = Math.max(high, last);
    }
    if (high - low - (places.length - 1) <= n) return true;
    at[least]!++;
  }
}

/** How often each word of a text occurs in it, at its first place. */
function repeats(words: Word[]): number[] {
  const times = words.map(() => 0);
  for (const w of words) times[words.findIndex((o) => o.text === w.text)]!++;
  return times;
}

/** The canonical clause for a facet's value, or nothing where the grammar has none. */
function clauseOf(name: string, value: string): string {
  const field = facetFields[name];
  if (!field || value.includes('"')) return "";
  try {
    const q = parse(`${field}:"${value}"`);
    return q.notes.length > 0 ? "" : canonical(q);
  } catch {
    return "";
  }
}

/** Whether a word is within n edits of a pattern. */
export function near(word: string[], pattern: string[], n: number): boolean {
  return Math.abs(word.length - pattern.length) <= n && distance(word, pattern) <= n;
}
