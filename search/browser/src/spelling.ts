// Other spellings of a word: its forms in a language, and the spellings of a
// name in other scripts. It follows search/spelling with the same tables; words
// are raw strings (format.ts), of one character a byte. A spelling is never
// looked up in a list: it is a pattern, a finite set of words, and the walker
// finds those that the dictionary has.

import stemsText from "../../spelling/stems.txt";
import namesText from "../../spelling/names.txt";

import { rawOf, textOfRaw } from "./format";

/** Every choice of one piece from each slot, joined. */
export type Pattern = string[][];

/** How many letters a word has at most that has other spellings. */
const maxWord = 30;

const continues = (s: string, i: number) => (s.charCodeAt(i) & 0xc0) === 0x80;

function letters(s: string): number {
  let n = 0;
  for (let i = 0; i < s.length; i++) if (!continues(s, i)) n++;
  return n;
}

/** Both lists without repetition, sorted. */
function union(a: string[] | undefined, b: string[]): string[] {
  return [...new Set([...(a ?? []), ...b])].sort(compare);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The table's sign for nothing becomes nothing. */
function bare(list: string[]): string[] {
  return list.map((s) => (s === "-" ? "" : s));
}

/** The lines of a table: a word that says what they are, and the rest. */
function lines(text: string): string[][] {
  return rawOf(text)
    .split("\n")
    .map((line) => line.split(/[ \t]+/).filter(Boolean))
    .filter((f) => f.length > 0 && f[0] !== "#");
}

// Forms.

/** Pieces behind letters enough, of which the last is one of only, or none of never, if those say anything. */
type Group = { least: number; only: string[]; never: string[]; pieces: string[] };

/** Reads "3 a b", "3=xyz a b" or "3!xyz a b". */
function readGroup(f: string[]): Group {
  const [, number, sign, signs] = /^(\d+)([=!]?)(.*)$/.exec(f[0]!)!;
  const list = [...textOfRaw(signs!)].map(rawOf);
  return { least: Number(number), only: sign === "=" ? list : [], never: sign === "!" ? list : [], pieces: bare(f.slice(1)) };
}

/** Whether a group's pieces may stand behind a stem. */
function behind(g: Group, stem: string): boolean {
  const ends = (list: string[]) => list.some((c) => stem.endsWith(c));
  return letters(stem) >= g.least && (g.only.length === 0 || ends(g.only)) && !ends(g.never);
}

class Language {
  readonly endings = new Map<string, Group[]>();
  longest = 0;
  readonly same = new Map<string, string[]>();
  readonly apart = new Map<string, string[]>();
  readonly letters = new Map<string, string[]>();
  before = [""];
  readonly strip: Group[] = [];

  learn(kind: string, f: string[]): void {
    const rest = f.slice(1);
    if (kind === "endings") {
      const g = readGroup(f);
      for (const e of g.pieces) {
        this.longest = Math.max(this.longest, e.length);
        this.endings.set(e, [...(this.endings.get(e) ?? []), g]);
      }
    }
    if (kind === "strip") this.strip.push(readGroup(f));
    if (kind === "same") for (const w of f) this.same.set(w, union(this.same.get(w), f));
    if (kind === "apart") {
      this.apart.set(f[0]!, union(this.apart.get(f[0]!), rest));
      for (const w of rest) this.apart.set(w, union(this.apart.get(w), [f[0]!]));
    }
    if (kind === "letters") this.letters.set(f[0]!, union(this.letters.get(f[0]!), f));
    if (kind === "before") this.before = union(this.before, f);
  }

  forms(word: string): Pattern[] {
    const same = this.same.get(word);
    const out: Pattern[] = same ? [[same]] : [];
    const stems = new Map<string, string[]>();
    this.inflect(stems, word);
    for (const g of this.strip) {
      for (const p of g.pieces) {
        const rest = word.slice(p.length);
        if (word.startsWith(p) && behind(g, rest)) this.inflect(stems, rest);
      }
    }
    for (const stem of [...stems.keys()].sort(compare)) out.push([...(this.before.length > 1 ? [this.before] : []), ...slots(stem, this.letters), stems.get(stem)!]);
    return out;
  }

  /** Adds the stems that a word may have, with all their endings. */
  private inflect(stems: Map<string, string[]>, word: string): void {
    if (this.before.length > 1 && !stems.has(word)) stems.set(word, [""]);
    for (let i = word.length; i > 0 && word.length - i <= this.longest; i--) {
      if (continues(word, i)) continue;
      const stem = word.slice(0, i);
      const fits = (e: string) => !this.apart.get(word)?.includes(stem + e);
      for (const g of this.endings.get(word.slice(i)) ?? []) if (behind(g, stem)) stems.set(stem, union(stems.get(stem), g.pieces.filter(fits)));
    }
  }
}

/** A stem with all that may stand for its letters; the longest entry counts. */
function slots(stem: string, known: Map<string, string[]>): Pattern {
  const p: Pattern = [];
  let [plain, i] = [0, 0];
  while (i < stem.length) {
    const key = longestAt(stem, i, known);
    if (key === "") {
      do i++;
      while (continues(stem, i));
      continue;
    }
    if (plain < i) p.push([stem.slice(plain, i)]);
    p.push(known.get(key)!);
    plain = i += key.length;
  }
  if (plain < stem.length) p.push([stem.slice(plain)]);
  return p;
}

/** The longest key, of four letters at most, that stands at a place. */
function longestAt(s: string, from: number, known: Map<string, string[]>): string {
  let [key, n] = ["", 0];
  for (let i = from; i <= s.length && n <= 5; i++) {
    if (i < s.length && continues(s, i)) continue;
    if (known.has(s.slice(from, i))) key = s.slice(from, i);
    n++;
  }
  return key;
}

let languages: Map<string, Language> | null = null;

function readStems(): Map<string, Language> {
  const all = new Map<string, Language>();
  let l = new Language();
  for (const [kind, ...f] of lines(stemsText)) {
    if (kind === "lang") all.set(f[0]!, (l = new Language()));
    else l.learn(kind!, f);
  }
  return all;
}

/** The inflected forms of a word in some languages. */
export function forms(word: string, langs: string[]): Pattern[] {
  if (letters(word) > maxWord) return [];
  languages ??= readStems();
  const known = union([], langs.map((tag) => tag.split("-")[0]!)).filter((tag) => languages!.has(tag));
  return known.flatMap((tag) => languages!.get(tag)!.forms(word));
}

// Names.

const scripts = ["latin", "cyrillic", "arabic"];
const ranges = [/^\p{Script=Latin}+$/u, /^\p{Script=Cyrillic}+$/u, /^\p{Script=Arabic}+$/u];

type Sounds = Map<string, string[]>;

class SoundTable {
  /** By the script of a word and another: what letters become. */
  readonly to: Sounds[][] = scripts.map(() => scripts.map(() => new Map()));
  readonly least = scripts.map(() => 0);
  readonly known: Sounds = new Map();
  readonly hard: Set<string>[] = scripts.map(() => new Set());
  readonly between: (string[] | undefined)[][] = scripts.map(() => scripts.map(() => undefined));
  readonly before: (string[] | undefined)[] = scripts.map(() => undefined);
  readonly after: (string[] | undefined)[] = scripts.map(() => undefined);
  readonly ends: Sounds[] = scripts.map(() => new Map());

  constructor() {
    for (const [kind, ...f] of lines(namesText)) this.learn(kind!, f);
  }

  private learn(kind: string, f: string[]): void {
    const s = scripts.indexOf(f[0] ?? "");
    const rest = f.slice(1);
    if (kind === "name") for (const w of f) this.known.set(w, union(this.known.get(w), f));
    if (kind === "vowel" || kind === "consonant") this.learnSound(kind === "consonant", f.join(" ").split("|"));
    if (kind === "between") this.between[s]![scripts.indexOf(f[1]!)] = union([], bare(f.slice(2)));
    if (kind === "least") this.least[s] = Number(f[1]);
    if (kind === "before") this.before[s] = union([], bare(rest));
    if (kind === "after") this.after[s] = union([], bare(rest));
    if (kind === "ends") for (const e of rest) this.ends[s]!.set(e, union(this.ends[s]!.get(e), rest));
  }

  /** A sound's letters in each script: all are read and written, but those behind '<' are read only, behind '>' written only. */
  private learnSound(hard: boolean, columns: string[]): void {
    const found = columns.map((): string[] => []);
    const written = columns.map((): string[] => []);
    for (const [s, column] of columns.entries()) {
      for (const raw of column.split(" ").filter(Boolean)) {
        const g = raw.replace(/^[<>]+/, "");
        if (raw[0] !== ">" && g !== "-") {
          found[s]!.push(g);
          const bareLetter = g.replace(/^[\^$]+|[\^$]+$/g, "");
          if (hard) this.hard[s]!.add(bareLetter);
          else this.hard[s]!.delete(bareLetter);
        }
        if (raw[0] !== "<") written[s]!.push(g);
      }
    }
    for (const [from, list] of found.entries()) {
      for (const [to, others] of written.entries()) {
        if (others.length > 0) for (const g of list) this.to[from]![to]!.set(g, union(this.to[from]![to]!.get(g), bare(others)));
      }
    }
  }

  names(word: string): Pattern[] {
    const known = this.known.get(word);
    const out: Pattern[] = known ? [[known]] : [];
    const text = textOfRaw(word);
    const from = ranges.findIndex((r) => r.test(text));
    if (from < 0 || letters(word) < this.least[from]! || letters(word) > maxWord) return out;
    const own = this.respell(word, from);
    if (own) out.push(own);
    for (const to of scripts.keys()) {
      const p = to === from ? null : this.carry(word, from, to);
      if (p) out.push(p);
    }
    return out;
  }

  /** Writes a word in another script; null where some letter has no sound there. */
  private carry(word: string, from: number, to: number): Pattern | null {
    const p: Pattern = this.before[to] ? [this.before[to]] : [];
    const hard = this.hard[from]!;
    const between = this.between[from]![to];
    let last = "";
    for (let i = 0; i < word.length; i += last.length) {
      const [key, slot] = soundAt(word, i, this.to[from]![to]!);
      if (key === "") return null;
      if (hard.has(last) && hard.has(key) && between) p.push(between);
      p.push(slot);
      last = key;
    }
    if (hard.has(last) && this.after[to]) p.push(this.after[to]);
    return p;
  }

  /** Changes the ending of a name within its script. */
  private respell(word: string, script: number): Pattern | null {
    for (let i = 0; i < word.length; i++) {
      const others = continues(word, i) ? undefined : this.ends[script]!.get(word.slice(i));
      if (others && letters(word.slice(0, i)) >= this.least[script]! - 1) return [[word.slice(0, i)], others];
    }
    return null;
  }
}

/** The longest key that stands at a place, and what it becomes. */
function soundAt(word: string, i: number, known: Sounds): [key: string, slot: string[]] {
  for (let n = Math.min(word.length - i, 12); n > 0; n--) {
    const k = word.slice(i, i + n);
    const slot = (i + n === word.length ? known.get(k + "$") : undefined) ?? (i === 0 ? known.get("^" + k) : undefined) ?? known.get(k);
    if (slot) return [k, slot];
  }
  return ["", []];
}

let sounds: SoundTable | null = null;

/** The spellings of a name in other scripts, and the usual ones in its own. */
export function names(word: string): Pattern[] {
  return (sounds ??= new SoundTable()).names(word);
}

// The walker.

type State = { edges: Map<string, State[]>; end: boolean };

/** Finds the words of some patterns in a sorted dictionary. It keeps what it knows of the last word. */
export class Walker {
  private readonly sets: State[][];

  constructor(patterns: Pattern[]) {
    this.sets = [patterns.flatMap(begin)];
  }

  /** The least word of the patterns that is not less than from, or null. */
  next(from: string): string | null {
    const { sets } = this;
    sets.length = 1;
    let n = 0;
    while (n < from.length && this.step(from[n]!)) n++;
    if (n === from.length && sets[n]!.some((s) => s.end)) return from;
    for (; n >= 0; n--) {
      const by = least(sets[n]!, n < from.length ? from.charCodeAt(n) + 1 : 0);
      if (by === "") continue;
      sets.length = n + 1;
      return this.complete(from.slice(0, n), by);
    }
    return null;
  }

  /** Goes on with a byte, and then to the least end. */
  private complete(word: string, by: string): string {
    for (;;) {
      word += by;
      this.step(by);
      const set = this.sets[this.sets.length - 1]!;
      if (set.some((s) => s.end)) return word;
      by = least(set, 0);
    }
  }

  /** Adds the states after one more byte; false if there are none. */
  private step(by: string): boolean {
    const to = new Set<State>();
    for (const s of this.sets[this.sets.length - 1]!) for (const k of s.edges.get(by) ?? []) to.add(k);
    if (to.size > 0) this.sets.push([...to]);
    return to.size > 0;
  }
}

/** The states of a pattern to begin with. */
function begin(p: Pattern): State[] {
  let next: State[] = [{ edges: new Map(), end: true }];
  for (const slot of [...p].reverse()) {
    const now = new Set<State>();
    for (const piece of slot) {
      let to = next;
      for (const by of [...piece].reverse()) to = [{ edges: new Map([[by, to]]), end: false }];
      for (const s of to) now.add(s);
    }
    next = [...now];
  }
  return next;
}

/** The least byte, from one on, by which a word may go on; "" for none. */
function least(set: State[], from: number): string {
  let best = "";
  for (const s of set) for (const by of s.edges.keys()) if (by.charCodeAt(0) >= from && (best === "" || by < best)) best = by;
  return best;
}
