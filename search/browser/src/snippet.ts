// Shows where a document matches: segment/snippet.go. Texts are unpacked and cut
// into words again, for the documents shown.

import { decompress } from "fzstd";

import { near, zonesOf, type Spelled } from "./engine";
import { scan } from "./fold";
import { zone, type Row, type Segment } from "./format";
import { Damaged } from "./source";
import type { Node, Query, Text, Word } from "./query";

/** A run of text, marked if it matched. */
export type Span = { text: string; mark: boolean };

/** A piece of a hit's text around what matched. */
export type Snippet = {
  field: "subject" | "body" | "file";
  /** Of the file, from 1. */
  file: number;
  name: string;
  spans: Span[];
  /** The piece begins where the text begins, and ends where it ends. */
  head: boolean;
  tail: boolean;
};

type Place = Pick<Snippet, "field" | "file" | "name">;

/** A word of a text that a query knows. */
type Mark = { start: number; end: number; at: number; word: string; zone: number; mark: boolean };

type PhraseMark = { words: Word[]; near: boolean; zones: number };
type WordMark = { word: string; letters: string[]; edits: number; zones: number };

/** What is looked at for one snippet: bytes of text at a time and in all, and marks in it. */
const [step, maxMarked, maxMarks] = [32 << 10, 256 << 10, 1000];

/** About how long a snippet is, and how much of it may come before the first mark. */
const [snippetSize, lead] = [200, 60];

const decoder = new TextDecoder();

/** Unpacks a frame; what fzstd makes of a broken one is an error or too little. */
export function unpack(frame: Uint8Array, size: number): Uint8Array {
  try {
    return decompress(frame, new Uint8Array(size));
  } catch {
    throw new Damaged("a frame of text");
  }
}

/** Finds in a text what a query's positive clauses match. */
export class Marker {
  private readonly words = new Map<string, number>();
  private readonly prefixes: WordMark[] = [];
  private readonly fuzzies: WordMark[] = [];
  private readonly phrases: PhraseMark[] = [];
  private readonly parts = new Set<string>();

  constructor(
    private readonly seg: Segment,
    q: Query,
    spelled: Spelled[],
  ) {
    if (q.root) this.learn(q.root);
    for (const { text, words } of spelled) for (const w of words) this.also(w, zonesOf[text.field] || 0xffff);
  }

  private learn(n: Node): void {
    if (n.kind === "and" || n.kind === "or") n.nodes.forEach((k) => this.learn(k));
    if (n.kind === "text") this.learnText(n);
  }

  private learnText(t: Text): void {
    const zones = zonesOf[t.field] || 0xffff;
    const word = t.words[0]!.text;
    const mark = { word, letters: [...word], edits: t.n, zones };
    if (t.mode === "prefix") this.prefixes.push(mark);
    else if (t.mode === "fuzzy") this.fuzzies.push(mark);
    else if (t.words.length === 1) this.also(word, zones);
    else {
      this.phrases.push({ words: t.words, near: t.mode === "near", zones });
      for (const w of t.words) this.parts.add(w.text);
    }
  }

  /** Marks a word in some zones, too. */
  private also(word: string, zones: number): void {
    this.words.set(word, (this.words.get(word) ?? 0) | zones);
  }

  /** The subject whole if something in it is marked, then up to n pieces of body and files; without marks the beginning of the body. */
  async snippets(row: Row, n: number): Promise<Snippet[]> {
    const out: Snippet[] = [];
    const inSubject = this.marks(row.subject, zone.subject);
    if (inSubject.length > 0) out.push({ field: "subject", file: 0, name: "", spans: spans(row.subject, inSubject), head: true, tail: true });
    const body: Place = { field: "body", file: 0, name: "" };
    const pieces = await this.textPieces(row.text, row.body, zone.own, n, body);
    let at = row.text + row.body;
    for (const [i, f] of row.files.entries()) {
      if (pieces.length < n) pieces.push(...(await this.filePieces(f, at, n - pieces.length, i + 1)));
      at += f.size;
    }
    if (pieces.length === 0 && out.length === 0 && row.body > 0) {
      const text = await this.text(row.text, Math.min(row.body, step));
      pieces.push(cutPiece(text, 0, Math.min(text.length, snippetSize), [], body));
    }
    return [...out, ...pieces];
  }

  private async text(at: number, n: number): Promise<string> {
    return decoder.decode(await this.seg.text(at, at + n, unpack));
  }

  /** Looks at the beginning of a text, and at more of it as long as nothing is found. */
  private async textPieces(at: number, size: number, z: number, n: number, as: Place): Promise<Snippet[]> {
    let pieces: Snippet[] = [];
    for (let most = step; size > 0 && pieces.length === 0; most *= 2) {
      pieces = this.pieces(await this.text(at, Math.min(size, most)), z, n, as);
      if (most >= size || most >= maxMarked) break;
    }
    return pieces;
  }

  /** Looks at a file: its text, else its name. */
  private async filePieces(f: { name: string; size: number }, at: number, n: number, file: number): Promise<Snippet[]> {
    const as: Place = { field: "file", file, name: f.name };
    const pieces = await this.textPieces(at, f.size, zone.fileText, n, as);
    const marked = pieces.length === 0 ? this.marks(f.name, zone.filename) : [];
    if (marked.length > 0) pieces.push({ ...as, spans: spans(f.name, marked), head: true, tail: true });
    return pieces;
  }

  /** The marked stretches of a text; the body's zones follow from its lines. */
  private marks(text: string, z: number): Mark[] {
    const marks: Mark[] = [];
    let base = 0;
    for (let off = 0; off < text.length; ) {
      const [run, runZone] = z <= zone.quoted ? bodyRun(text, off) : [text, z];
      let next = base;
      for (const t of scan(run)) {
        const mark = this.single(t.word, runZone);
        if (mark || this.parts.has(t.word)) marks.push({ start: off + t.start, end: off + t.end, at: base + t.at, word: t.word, zone: runZone, mark });
        next = base + t.at + 1;
      }
      base = next;
      off += run.length;
    }
    for (const p of this.phrases) markPhrase(p, marks);
    return marks.filter((m) => m.mark);
  }

  /** Whether a word is one asked for by itself. */
  private single(w: string, z: number): boolean {
    const here = (m: WordMark) => (m.zones & (1 << z)) !== 0;
    if ((this.words.get(w) ?? 0) & (1 << z)) return true;
    if (this.prefixes.some((p) => here(p) && w.startsWith(p.word))) return true;
    return this.fuzzies.some((f) => here(f) && w.length <= 2 * (f.letters.length + f.edits) && near([...w], f.letters, f.edits));
  }

  /** Picks up to n pieces of a text with the most different marked words. */
  private pieces(text: string, z: number, n: number, as: Place): Snippet[] {
    const marked = this.marks(text, z).slice(0, maxMarks);
    const picked: [from: number, to: number][] = [];
    const taken = (i: number) => picked.some(([from, to]) => i >= from && i < to);
    while (picked.length < n) {
      let best: [number, number] | null = null;
      let most = 0;
      for (const [i, first] of marked.entries()) {
        if (taken(i)) continue;
        const seen = new Set<string>();
        let to = i;
        for (; to < marked.length && !taken(to) && marked[to]!.end - first.start <= snippetSize - lead; to++) seen.add(marked[to]!.word);
        const worth = to - i + 100 * seen.size;
        if (!best || worth > most) [best, most] = [[i, Math.max(to, i + 1)], worth];
      }
      if (!best) break;
      picked.push(best);
    }
    picked.sort((a, b) => a[0] - b[0]);
    const out: Snippet[] = [];
    let last = 0;
    for (const [i, [first, end]] of picked.entries()) {
      const from = Math.max(last, marked[first]!.start - lead);
      let to = Math.min(text.length, Math.max(from + snippetSize, marked[end - 1]!.end));
      const next = picked[i + 1];
      if (next) to = Math.min(to, Math.max(marked[end - 1]!.end, marked[next[0]]!.start));
      out.push(cutPiece(text, from, to, marked.slice(first, end), as));
      last = to;
    }
    return out;
  }
}

/** The first lines of one kind of a body from off on. */
function bodyRun(text: string, off: number): [run: string, z: number] {
  const quoted = text[off] === ">";
  let to = off;
  while (to < text.length && (text[to] === ">") === quoted) {
    const i = text.indexOf("\n", to);
    to = i < 0 ? text.length : i + 1;
  }
  return [text.slice(off, to), quoted ? zone.quoted : zone.own];
}

/** Marks where a phrase stands. The words of a near clause are marked wherever they stand. */
function markPhrase(p: PhraseMark, marks: Mark[]): void {
  for (const [i, m] of marks.entries()) {
    if (!(p.zones & (1 << m.zone))) continue;
    if (p.near) m.mark ||= p.words.some((w) => w.text === m.word);
    else if (m.word === p.words[0]!.text) markFrom(p, marks, i);
  }
}

function markFrom(p: PhraseMark, marks: Mark[], i: number): void {
  const found = [i];
  for (const w of p.words.slice(1)) {
    const at = marks[i]!.at + w.at - p.words[0]!.at;
    let j = found[found.length - 1]!;
    while (j < marks.length && (marks[j]!.at < at || (marks[j]!.at === at && marks[j]!.word !== w.text))) j++;
    if (marks[j]?.at !== at) return;
    found.push(j);
  }
  for (const j of found) marks[j]!.mark = true;
}

/** Cuts [from, to) out of a text, at spaces where there are some near. */
function cutPiece(text: string, from: number, to: number, marked: Mark[], as: Place): Snippet {
  const first = marked[0]?.start ?? to;
  const last = marked[marked.length - 1]?.end ?? from;
  if (from > 0) {
    const i = text.slice(from, Math.max(from, Math.min(first, from + lead / 2))).search(/[ \n\t]/);
    if (i >= 0) from += i + 1;
    else if (/^[\udc00-\udfff]/.test(text.slice(from, from + 1))) from++;
  }
  if (to < text.length) {
    const near = Math.max(last, to - lead / 2);
    const i = text.slice(near, to).search(/[ \n\t][^ \n\t]*$/);
    if (i >= 0) to = near + i;
    else if (/^[\udc00-\udfff]/.test(text.slice(to, to + 1))) to--;
  }
  const inside = marked.filter((m) => m.start >= from && m.end <= to).map((m) => ({ ...m, start: m.start - from, end: m.end - from }));
  return { ...as, spans: spans(text.slice(from, to), inside), head: from === 0, tail: to === text.length };
}

/** Splits a text at its marks; white space shows as single spaces. */
function spans(text: string, marked: Mark[]): Span[] {
  const out: Span[] = [];
  const add = (s: string, mark: boolean) => {
    s = s.replace(/[ \n\t\r]+/g, " ");
    const last = out[out.length - 1];
    if (s === "") return;
    if (last?.mark === mark) last.text += s;
    else out.push({ text: s, mark });
  };
  let at = 0;
  for (const m of marked) {
    if (m.end <= at) continue; // the pair that begins with a character already marked
    const start = Math.max(m.start, at);
    add(text.slice(at, start), false);
    add(text.slice(start, m.end), true);
    at = m.end;
  }
  add(text.slice(at), false);
  return out;
}
