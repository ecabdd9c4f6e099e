// The query language: search/parse.go, search/leaf.go and search/date.go.
// The golden table of the Go parser holds for this one, too (parse_test.go).

import { having, states, fields, bare, nearestField, plainlyNoField, type Spec } from "./fields";
import { dropped, fold, scan, wide } from "./fold";
import { parseSpan, tooLate } from "./date";
import { absolute, absoluteValue, ago, isRelative } from "./relative";
import { canonical, joined, joiner, pairOf, runes, single, textOf, type Dates, type Node, type Note, type Numbers, type Query, type Text, type Word } from "./query";

const maxQueryBytes = 512;
const maxClauses = 24;
const minPrefix = 3;
const maxSlop = 50;

/** Why and where a query was refused; offset and length count UTF-16 units of the query. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly args: string[],
    readonly offset: number,
    readonly length: number,
    text: string,
  ) {
    super(text);
  }
}

/** Reads a query, or throws Refused. today, in seconds since 1970, is what notes on relative dates count from. */
export function parse(q: string, today = Math.floor(Date.now() / 1000)): Query {
  const bytes = new TextEncoder().encode(q).length;
  if (bytes > maxQueryBytes) {
    const over = String(bytes - maxQueryBytes);
    const at = Math.min(q.length, maxQueryBytes);
    throw new Refused("too-long", [String(maxQueryBytes), over], at, q.length - at, `a query has ${maxQueryBytes} bytes at most; this one is ${over} too long`);
  }
  const p = new Parser(q, today);
  const root = p.sequence("", "");
  if (p.clauses > maxClauses) {
    const over = String(p.clauses - maxClauses);
    p.fail(0, p.rs.length, "too-many-clauses", `a query has ${maxClauses} clauses at most; this one has ${over} too many`, String(maxClauses), over);
  }
  if (root && !positive(root)) p.fail(0, p.rs.length, "not-alone", "NOT needs something to take away from; in:NAME of a collection is enough");
  p.offerAbsolute();
  return { root, notes: p.notes, exact: p.exact };
}

/** Whether a node narrows a search down, other than by taking away. */
function positive(n: Node): boolean {
  if (n.kind === "not") return false;
  if (n.kind === "and") return n.nodes.some(positive);
  return n.kind !== "or" || n.nodes.every(positive);
}

type Link = "space" | "and" | "or";
type Item = { node: Node | null; link: Link; word: string };

/** A stretch of the query, in characters, and what a note offers instead. */
type Fix = { from: number; to: number; text: string };

const operators: [string, Link][] = [["AND", "and"], ["OR", "or"], ["&&", "and"], ["||", "or"]];
const quotes = new Set("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02");

/** The signs of the grammar that have several forms become one. */
function sign(k: string): string {
  if (quotes.has(k)) return '"';
  if (/^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/.test(k)) return " ";
  return String.fromCodePoint(wide(k.codePointAt(0)!));
}

/** Walks the characters of a query. Its recursion is bounded by the length of a query. */
class Parser {
  readonly rs: string[] = [];
  /** The place of each character in the query, and its length. */
  private readonly off: number[] = [];
  private pos = 0;
  clauses = 0;
  notes: Note[] = [];
  exact = false;
  private readonly fixes: Fix[] = [];

  constructor(
    private readonly src: string,
    private readonly today: number,
  ) {
    let i = 0;
    for (const k of src) {
      const c = k.codePointAt(0)!;
      if (c < 0x80 || !dropped(c) || /^[\p{M}\p{L}]$/u.test(k)) {
        this.rs.push(sign(k));
        this.off.push(i);
      }
      i += k.length;
    }
    this.off.push(i);
  }

  private peek(i = 0): string {
    return this.rs[this.pos + i] ?? "";
  }

  private end(): boolean {
    return this.pos >= this.rs.length;
  }

  private text(from: number, to = this.rs.length): string {
    return this.rs.slice(from, to).join("");
  }

  fail(from: number, to: number, code: string, text: string, ...args: string[]): never {
    to = Math.max(from, Math.min(to, this.rs.length));
    throw new Refused(code, args, this.off[from]!, this.off[to]! - this.off[from]!, text);
  }

  private note(code: string, ...args: string[]): void {
    this.add({ code, args });
  }

  /** Adds a remark that has not been made yet. */
  private add(n: Note): void {
    // The words on relative dates are the same whatever the field.
    const key = (o: Note) => JSON.stringify(o.code === "relative-date" ? [o.code, o.query] : o);
    if (!this.notes.some((o) => key(o) === key(n))) this.notes.push(n);
  }

  private column(at: number): string {
    return String(runes(this.src.slice(0, this.off[at])) + 1);
  }

  /** Reads clauses up to the closing bracket or the end. Inside { } a space means OR. */
  sequence(closing: string, field: string): Node | null {
    const items: Item[] = [];
    const begin = this.pos;
    let next: Link = "space";
    let opAt = -1;
    for (;;) {
      this.skipSpace();
      if (this.end() || this.peek() === ")" || this.peek() === "}") break;
      const start = this.pos;
      const op = this.operator();
      if (op) {
        if (opAt >= 0 || items.length === 0) this.dangling(start);
        [next, opAt] = [op, start];
        continue;
      }
      const it = this.clause(field);
      if (!it.node) continue;
      it.link = closing === "}" && next === "space" && items.length > 0 ? "or" : next;
      items.push(it);
      [next, opAt] = ["space", -1];
    }
    if (opAt >= 0) this.dangling(opAt);
    if (this.peek() !== closing) {
      if (closing === "") this.fail(this.pos, this.pos + 1, "stray-bracket", `bracket closed at ${this.column(this.pos)} and not opened`, this.column(this.pos));
      return null;
    }
    this.remark(items, begin);
    return build(items, false);
  }

  private dangling(at: number): never {
    let end = at;
    while (end < this.rs.length && !" )}(".includes(this.rs[end]!)) end++;
    const op = this.text(at, end);
    this.fail(at, end, "dangling-operator", op + " needs a word on both sides; in quotes it is a word itself", op);
  }

  private skipSpace(): void {
    while (this.peek() === " ") this.pos++;
  }

  private operator(): Link | null {
    for (const [text, link] of operators) {
      if (this.has(text) && (text < "A" || text[0] === "|" || this.ends(text.length))) {
        this.pos += text.length;
        return link;
      }
    }
    return null;
  }

  private has(s: string): boolean {
    for (let i = 0; i < s.length; i++) if (this.peek(i) !== s[i]) return false;
    return true;
  }

  /** Whether a word of n characters ends there. */
  private ends(n: number): boolean {
    return this.pos + n >= this.rs.length || ' (){}"'.includes(this.peek(n));
  }

  /** Whether the sign there stands before something. */
  private before(): boolean {
    return this.pos + 1 < this.rs.length && !" )}".includes(this.peek(1));
  }

  private clause(field: string): Item {
    const start = this.pos;
    let negative = false;
    for (;;) {
      if (this.has("NOT") && this.ends(3)) {
        negative = !negative;
        this.pos += 3;
        this.skipSpace();
        if (this.end() || this.peek() === ")" || this.peek() === "}") this.dangling(start);
      } else if ((this.peek() === "-" || this.peek() === "!") && this.before()) {
        negative = !negative;
        this.pos++;
      } else if (this.peek() === "+" && this.before()) {
        this.pos++;
      } else {
        break;
      }
    }
    const op = this.pos;
    if (negative && this.operator()) this.dangling(op);
    const it = this.unit(field);
    return negative && it.node ? itemOf({ kind: "not", node: it.node }) : it;
  }

  /** Reads a bracket, a quoted phrase, a field with its value, or a word. */
  private unit(field: string): Item {
    const c = this.peek();
    if (c === "(" || c === "{") return itemOf(this.group(field));
    if (c === '"') return itemOf(this.quoted(specOf(field)));
    const start = this.pos;
    const name = this.fieldName();
    if (name !== null) return itemOf(this.fielded(name, start));
    const raw = this.run();
    const it = itemOf(this.leaf(specOf(field), raw, start));
    if (field === "" && (raw === "or" || raw === "and" || raw === "not")) it.word = raw;
    return it;
  }

  /** Reads a bracket; a field before it goes to every word in it. */
  private group(field: string): Node {
    const start = this.pos;
    const closing = this.peek() === "(" ? ")" : "}";
    this.pos++;
    const n = this.sequence(closing, field);
    const col = this.column(start);
    if (this.peek() !== closing) this.fail(start, start + 1, "open-bracket", `bracket opened at ${col} and not closed`, col);
    this.pos++;
    return n ?? this.fail(start, this.pos, "empty-bracket", `bracket opened at ${col} holds no word`, col);
  }

  /** Reads up to a space, a quote, a bracket or a sign for AND or OR. */
  private run(): string {
    const start = this.pos;
    while (!this.end() && !this.ends(0) && !(this.pos > start && (this.has("&&") || this.has("||")))) this.pos++;
    return this.text(start, this.pos);
  }

  /** Reads "name:" if the next word begins so, and leaves it alone if the name is nothing but text. */
  private fieldName(): string | null {
    let i = 0;
    while (/^[a-zA-Z0-9_]$/.test(this.peek(i)) || (this.peek(i) === "-" && i > 0)) i++;
    if (i === 0 || this.peek(i) !== ":") return null;
    const name = this.text(this.pos, this.pos + i);
    if (fields.has(name.toLowerCase())) {
      this.pos += i + 1;
      return name.toLowerCase();
    }
    const rest = this.pos + i + 1;
    const value = rest < this.rs.length && !" (){}".includes(this.rs[rest]!) ? this.rs[rest]! : "";
    if (plainlyNoField(name, value)) return null;
    this.pos = rest;
    return name;
  }

  /** Reads the value behind "name:". */
  private fielded(name: string, start: number): Node | null {
    const spec = fields.get(name);
    if (!spec) return this.unknown(name, start);
    const c = this.peek();
    if (this.end() || (this.ends(0) && c !== '"' && c !== "(" && c !== "{")) this.noValue(name, spec, start);
    if (c === "(" || c === "{") {
      if (c === "(" || (spec.kind !== "date" && spec.kind !== "number")) return this.group(name);
    }
    let n: Node | null;
    if ((spec.kind === "date" || spec.kind === "number") && (c === "[" || c === "{")) {
      n = this.lucene(spec, start);
    } else if (c === '"') {
      n = this.quoted(spec);
    } else {
      const raw = this.run() + (spec.field === "msgid" ? this.restOfID() : "");
      n = this.leaf(spec, raw, start);
    }
    if (!n && spec.field !== "also") this.noValue(name, spec, start);
    return n;
  }

  private noValue(name: string, spec: Spec, start: number): never {
    this.fail(start, this.pos, "no-value", `${name}: needs ${spec.needs}, without a space`, name, spec.needs);
  }

  /** Takes in brackets that stand inside a Message-ID. */
  private restOfID(): string {
    const start = this.pos;
    let depth = 0;
    for (let c = this.peek(); c !== "" && c !== " " && c !== '"'; c = this.peek()) {
      if (c === "(" || c === "{") depth++;
      if (c === ")" || c === "}") depth--;
      if (depth >= 0) this.pos++;
      else break;
    }
    return this.text(start, this.pos);
  }

  /** Reads name:value as text: the words on both sides of the colon are a phrase. */
  private unknown(name: string, start: number): Node | null {
    let value: string;
    if (this.peek() === '"') {
      const from = ++this.pos;
      while (!this.end() && this.peek() !== '"') this.pos++;
      value = this.text(from, this.pos);
      if (!this.end()) this.pos++;
    } else {
      value = this.run();
    }
    const lower = name.toLowerCase();
    const near = nearestField(lower);
    if (lower === "older_than" || lower === "newer_than") {
      const day = ago(fold(value), this.today);
      this.relative(lower, day === null ? null : { from: start, to: this.pos, text: (lower === "older_than" ? "before:" : "after:") + day });
    } else if (near !== "") {
      this.add({ code: "unknown-field", args: [name, near], query: this.text(0, start) + near + ":" + this.text(start + name.length + 1) });
    } else {
      this.note("unknown-field", name, "");
    }
    return this.phrase("", name + " " + value);
  }

  /** Remarks that a date counted from today is searched as text. */
  private relative(name: string, fix: Fix | null): void {
    this.note("relative-date", name);
    if (fix) this.fixes.push(fix);
  }

  /** Puts into the first remark on relative dates the query with all of them made absolute. */
  offerAbsolute(): void {
    if (this.fixes.length === 0) return;
    let [out, at] = ["", 0];
    for (const f of this.fixes) {
      out += this.text(at, f.from) + f.text;
      at = f.to;
    }
    out += this.text(at);
    const note = this.notes.find((n) => n.code === "relative-date");
    if (note && fits(out)) note.query = out;
  }

  /** The absolute form of a value of a date field whose last character stands before pos. */
  private dateFix(raw: string): Fix | null {
    const from = this.pos - runes(raw);
    if (from < 0 || this.text(from, this.pos) !== raw) return null; // it stood in quotes
    const text = absoluteValue(raw, this.today);
    return text === null ? null : { from, to: this.pos, text };
  }

  /** Adds the notes that concern a whole sequence, which stands in the characters [begin, pos). */
  private remark(items: Item[], begin: number): void {
    let [spaces, ors] = [false, false];
    for (const [i, it] of items.entries()) {
      if (it.word !== "" && i > 0 && i < items.length - 1) this.note("read-as-word", it.word, it.word.toUpperCase());
      spaces ||= i > 0 && it.link === "space";
      ors ||= it.link === "or";
    }
    if (!spaces || !ors) return;
    const other = this.text(0, begin) + textOf(build(items, true)) + this.text(this.pos);
    this.add({ code: "order", args: [textOf(build(items, false))], ...(fits(other) ? { query: other } : {}) });
  }

  /** Makes the clause of a value without quotes. */
  private leaf(spec: Spec, raw: string, start: number): Node | null {
    if (spec.kind === "date") return this.dates(spec, raw, start);
    if (spec.kind === "number") return this.numbers(spec, raw, start);
    if (spec.kind === "value") return this.value(spec, raw, start);
    return this.words(spec.field, raw);
  }

  /** Reads text without quotes, with the signs that may stand at its end. */
  private words(field: string, raw: string): Node | null {
    let at = this.pos - runes(raw);
    if (raw.length > 2 && raw[0] === "/" && raw.endsWith("/")) {
      this.note("no-regexp");
      return this.phrase(field, raw);
    }
    raw = this.weight(raw);
    const stem = raw.replace(/\*+$/, "");
    const star = stem.indexOf("*");
    if (star >= 0 || (stem === "" && raw !== "")) {
      at += runes(raw.slice(0, Math.max(star, 0)));
      this.fail(at, at + 1, "star-place", "a star stands at the end of a word only");
    }
    if (stem !== raw) return this.prefix(field, stem, at);
    const i = raw.lastIndexOf("~");
    if (i > 0 && numeric(raw.slice(i + 1))) return this.fuzzy(field, raw.slice(0, i), raw.slice(i + 1));
    return this.phrase(field, raw);
  }

  /** Takes "^2" off. */
  private weight(raw: string): string {
    const i = raw.lastIndexOf("^");
    if (i < 0 || i === raw.length - 1 || !numeric(raw.slice(i + 1))) return raw;
    this.note("weights");
    return raw.slice(0, i);
  }

  private prefix(field: string, stem: string, at: number): Node | null {
    const words = wordList(stem);
    const last = words.pop();
    if (!last) this.fail(at, this.pos, "star-place", "a star stands at the end of a word only");
    if (pairOf(last.text)) return this.phrase(field, stem);
    if (runes(last.text) < minPrefix) this.fail(at, this.pos, "short-prefix", `${minPrefix} letters at least before the star`, String(minPrefix));
    const parts: Node[] = words.length > 0 ? [this.spread(field, { words })] : [];
    parts.push(this.spread(field, { mode: "prefix", words: [{ text: last.text, at: 0, glued: false, joint: false }] }));
    return join(parts, true);
  }

  private fuzzy(field: string, stem: string, edits: string): Node | null {
    const words = wordList(stem);
    if (words.length !== 1 || pairOf(words[0]!.text)) {
      this.note("fuzzy-one-word");
      return this.phrase(field, stem);
    }
    const long = runes(words[0]!.text) >= 6;
    let n = 1;
    if (edits === "1") n = 1;
    else if (edits === "2" && long) n = 2;
    else if (edits === "2") this.note("fuzzy-short");
    else if (edits === "") this.note("fuzzy-one");
    else if (edits > "2" && long && !edits.startsWith("0")) {
      n = 2;
      this.note("fuzzy-most");
    } else this.note("fuzzy-read", edits);
    return this.spread(field, { mode: "fuzzy", n, words });
  }

  /** Reads a phrase or a value in quotes, and ~n or ^n behind it. */
  private quoted(spec: Spec): Node | null {
    const start = this.pos++;
    const from = this.pos;
    while (!this.end() && this.peek() !== '"') this.pos++;
    if (this.end()) {
      const col = this.column(start);
      this.fail(start, start + 1, "open-quote", `quote opened at ${col} and not closed`, col);
    }
    const raw = this.text(from, this.pos++).trim();
    if (spec.kind !== "text") return this.leaf(spec, raw, start);
    const c = this.peek();
    const tail = c === "~" || c === "^" ? this.weight(this.run()) : "";
    const words = wordList(raw);
    if (tail.length > 1 && tail[0] === "~" && words.length > 1) return this.near(spec.field, words, tail.slice(1));
    return quote(this.phrase(spec.field, raw));
  }

  private near(field: string, words: Word[], n: string): Node {
    let slop = /^[+-]?[0-9]+$/.test(n) ? Number(n) : maxSlop + 1;
    if (slop > maxSlop) {
      slop = maxSlop;
      this.note("near-most", String(maxSlop));
    }
    return slop <= 0 ? this.spread(field, { words }) : this.spread(field, { mode: "near", n: slop, words });
  }

  /** Makes the clause of words side by side, or null if raw holds none. */
  private phrase(field: string, raw: string): Node | null {
    const words = wordList(raw);
    if (words.length === 0) return null;
    return this.spread(field, { words, value: whole(field, raw, words) || whole(field, joined({ words }), words) });
  }

  /** Makes the leaf, or for bs: one in the subject and one in the body. */
  private spread(field: string, t: Partial<Text>): Node {
    const leaf: Text = { kind: "text", field, mode: "phrase", words: [], n: 0, value: "", quoted: false, ...t };
    if (field === "bs") {
      this.clauses += 2;
      return { kind: "or", nodes: [{ ...leaf, field: "subject" }, { ...leaf, field: "body" }] };
    }
    this.clauses++;
    return leaf;
  }

  /** Reads "20", "20..23", "20-23". */
  private numbers(spec: Spec, raw: string, start: number): Node {
    const v = fold(raw);
    const ends = splitOnce(v, "..") ?? splitOnce(v, "-");
    const from = ends ? openNumber(ends[0]) : number(v);
    const to = ends ? openNumber(ends[1]) : from;
    if (from === null || to === null || (from === 0 && to === 0)) this.badNumber(spec, start);
    this.clauses++;
    return { kind: "numbers", field: spec.field, from, to };
  }

  private badNumber(spec: Spec, start: number): never {
    this.fail(start, this.pos, "bad-number", `${spec.field}: needs a number from 1 up, or a range such as 20..23`, spec.field);
  }

  /** Reads the value of a closed or exact field. */
  private value(spec: Spec, raw: string, start: number): Node | null {
    let v = fold(raw).trim();
    if (spec.field === "msgid") v = v.replace(/^[<> ]+|[<> ]+$/g, "");
    if (spec.field === "ext") v = v.replace(/^\.+/, "");
    if (spec.field === "type" && v.endsWith("/*")) v = v.slice(0, -2);
    if (spec.field === "sha256" && !/^[0-9a-f]{8,64}$/.test(v)) this.fail(start, this.pos, "bad-hash", "sha256: needs 8 to 64 hex digits");
    if (v === "") return null;
    if (spec.field !== "msgid" && v.includes("*")) this.fail(start, this.pos, "star-place", "a star stands at the end of a word only");
    if (spec.field === "also" && v === "no") {
      this.exact = true;
      return null;
    }
    const list = spec.field === "also" ? ["no"] : spec.field === "has" ? having : spec.field === "is" ? states : null;
    if (list && !list.includes(v)) {
      this.note("unknown-value", spec.field, v, list.join(", "));
      return this.phrase("", spec.field + " " + v);
    }
    if (spec.field === "is" && v === "signed") {
      this.clauses += 2;
      return { kind: "or", nodes: ["valid", "kept-key"].map((value) => ({ kind: "value", field: "is", value })) };
    }
    this.clauses++;
    return { kind: "value", field: spec.field, value: v };
  }

  /** Reads the value of a date field. */
  private dates(spec: Spec, raw: string, start: number): Node | null {
    let v = fold(raw);
    let op = spec.op;
    const sign = op === "" ? /^(>=|<=|>|<)/.exec(v)?.[0] : undefined;
    if (sign) [op, v] = [sign, v.slice(sign.length)];
    if (isRelative(v, this.today)) {
      this.relative(spec.field, this.dateFix(raw));
      return this.phrase("", spec.field + " " + v);
    }
    const ends = op === "" ? splitOnce(v, "..") : null;
    if (ends) return this.interval(spec, ends[0], ends[1], true, true, start);
    const s = parseSpan(v);
    if (!s) this.badDate(v, start);
    const from = op === "" || op === ">=" ? s.from : op === ">" ? s.to : null;
    const to = op === "" || op === "<=" ? s.to : op === "<" ? s.from : null;
    if (tooLate(from)) this.badDate(v, start);
    this.clauses++;
    return { kind: "dates", field: spec.field, from, to };
  }

  private badDate(v: string, start: number): never {
    this.fail(start, this.pos, "no-such-day", `no such day: ${v}. Write 2015, 2015-03 or 2015-03-12`, v);
  }

  /** Makes the clause of a range with one or two ends; an end may be part of it or not. */
  private interval(spec: Spec, from: string, to: string, withFrom: boolean, withTo: boolean, start: number): Dates {
    const d: Dates = { kind: "dates", field: spec.field, from: null, to: null };
    if (from !== "" && from !== "*") {
      const s = parseSpan(from) ?? this.badDate(from, start);
      d.from = withFrom ? s.from : s.to;
    }
    if (to !== "" && to !== "*") {
      const s = parseSpan(to) ?? this.badDate(to, start);
      d.to = withTo ? s.to : s.from;
    }
    if ((d.from === null && d.to === null) || tooLate(d.from)) this.badDate("..", start);
    this.clauses++;
    return d;
  }

  /** Reads [a TO b], {a TO b} and mixtures of their brackets. */
  private lucene(spec: Spec, start: number): Node {
    const at = this.pos;
    const open = this.peek();
    for (this.pos++; !this.end() && this.peek() !== "]" && this.peek() !== "}"; ) this.pos++;
    if (this.end()) {
      const col = this.column(at);
      this.fail(at, at + 1, "open-bracket", `bracket opened at ${col} and not closed`, col);
    }
    const closing = this.peek();
    const inner = fold(this.text(at + 1, this.pos)).split(/\s+/).filter(Boolean);
    this.pos++;
    if (inner.length !== 3 || inner[1] !== "to" || spec.op !== "") this.fail(start, this.pos, "bad-range", "a range in brackets is [a TO b]");
    if (spec.kind === "date") return this.relativeRange(spec, inner[0]!, inner[2]!, at) ?? this.interval(spec, inner[0]!, inner[2]!, open === "[", closing === "]", start);
    let [from, to] = [openNumber(inner[0]!), openNumber(inner[2]!)];
    if (from === null || to === null || (from === 0 && to === 0)) this.badNumber(spec, start);
    if (open === "{" && from > 0) from++;
    if (closing === "}" && to > 0) to--;
    this.clauses++;
    return { kind: "numbers", field: spec.field, from, to } satisfies Numbers;
  }

  /** Remarks on [NOW-1MONTH TO NOW], which stands in the characters [at, pos), and reads it as text; null for a range of days. */
  private relativeRange(spec: Spec, from: string, to: string, at: number): Node | null {
    const { today } = this;
    if (!isRelative(from, today) && !isRelative(to, today)) return null;
    const [first, last] = [absolute(from, today), absolute(to, today)];
    const text = `${this.rs[at]}${first} TO ${last}${this.rs[this.pos - 1]}`;
    this.relative(spec.field, first === null || last === null ? null : { from: at, to: this.pos, text });
    return this.phrase("", `${spec.field} ${from} ${to}`);
  }
}

/** Whether a query is not too long. */
function fits(q: string): boolean {
  return new TextEncoder().encode(q).length <= maxQueryBytes;
}

function itemOf(node: Node | null): Item {
  return { node, link: "space", word: "" };
}

function specOf(field: string): Spec {
  return field === "" ? bare : fields.get(field)!;
}

function numeric(s: string): boolean {
  return /^[0-9.]*$/.test(s);
}

function splitOnce(s: string, sep: string): [string, string] | null {
  const i = s.indexOf(sep);
  return i < 0 ? null : [s.slice(0, i), s.slice(i + sep.length)];
}

function openNumber(s: string): number | null {
  return s === "" || s === "*" ? 0 : number(s);
}

function number(s: string): number | null {
  const n = /^[0-9]+$/.test(s) ? Number(s) : 0;
  return n > 0 && n < 2 ** 31 ? n : null;
}

/** Marks texts that have other spellings where they are not in quotes. */
function quote(n: Node | null): Node | null {
  if (n?.kind === "or") n.nodes.forEach(quote);
  if (n?.kind === "text") n.quoted = single(n);
  return n;
}

/** The value of fields that show it whole: where it is one piece with signs inside and reads back the same. */
function whole(field: string, raw: string, words: Word[]): string {
  if (!["from", "to", "cc", "bcc", "with", "person", "filename"].includes(field)) return "";
  const v = fold(raw);
  const odd = /[ "(){}[\]*~^&|<>\u201c\u201d\u201e\u201f\u00ab\u00bb\s\x85\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u;
  if (words.length < 2 || odd.test(v) || v.startsWith("/")) return "";
  const again = wordList(v);
  const same = again.length === words.length && again.every((w, i) => w.text === words[i]!.text && w.at === words[i]!.at && w.glued === words[i]!.glued && w.joint === words[i]!.joint);
  return same ? v : "";
}

/** Folds a piece of a query: its words, where a run of CJK gives its pairs alone. */
export function wordList(s: string): Word[] {
  const out: Word[] = [];
  s = s.normalize("NFC");
  let end = -1;
  for (const t of scan(s)) {
    if (t.inRun) continue;
    const between = end >= 0 ? s.slice(end, t.start) : "";
    out.push({ text: t.word, at: t.at, glued: between === "_", joint: between === joiner });
    end = pairOf(t.word) ? -1 : t.end;
  }
  return out;
}

/** Joins items by their links. AND binds closer than OR, or the other way round. */
function build(items: Item[], orFirst: boolean): Node | null {
  const outer: Node[] = [];
  let inner: Node[] = [];
  for (const [i, it] of items.entries()) {
    if (i > 0 && (it.link === "or") !== orFirst) {
      outer.push(join(inner, !orFirst)!);
      inner = [];
    }
    inner.push(it.node!);
  }
  if (inner.length > 0) outer.push(join(inner, !orFirst)!);
  return join(outer, orFirst);
}

/** Makes an And or an Or of nodes, flattened; one node stays itself. */
export function join(nodes: Node[], and: boolean): Node | null {
  const kind = and ? "and" : "or";
  let flat = nodes.flatMap((n) => (n.kind === kind ? n.nodes : [n]));
  if (and) flat = mergeDates(flat);
  return flat.length > 1 ? { kind, nodes: flat } : (flat[0] ?? null);
}

/** Makes one interval of the date clauses of an And, at the place of the first. */
function mergeDates(nodes: Node[]): Node[] {
  const out: Node[] = [];
  for (const n of nodes) {
    const i = n.kind === "dates" ? out.findIndex((o) => o.kind === "dates" && o.field === n.field) : -1;
    if (i < 0) out.push(n);
    else out[i] = meet(out[i] as Dates, n as Dates);
  }
  return out;
}

function meet(d: Dates, e: Dates): Dates {
  const from = d.from === null ? e.from : e.from === null ? d.from : Math.max(d.from, e.from);
  const to = d.to === null ? e.to : e.to === null ? d.to : Math.min(d.to, e.to);
  return { ...d, from, to };
}

/** The clauses joined by AND at the top of the tree. */
export function top(q: Query): Node[] {
  return q.root?.kind === "and" ? q.root.nodes : q.root ? [q.root] : [];
}

/** The nodes of a clause, which may be negative; none where it does not parse. */
function nodesOf(clause: string): Node[] {
  try {
    return top(parse("in:x " + clause)).slice(1);
  } catch {
    return [];
  }
}

/** Whether the clause stands in the query as one of those joined by AND at its top. */
export function hasClause(q: Query, clause: string): boolean {
  const want = textOf(join(nodesOf(clause), true));
  return want !== "" && top(q).some((n) => textOf(n) === want);
}

/** The canonical text of the query with a clause added by AND. */
export function withClause(q: Query, clause: string): string {
  const add = nodesOf(clause);
  if (add.length === 0 || hasClause(q, clause)) return canonical(q);
  return canonical({ ...q, root: join([...top(q), ...add], true) });
}

/** The canonical text of the query with a clause taken out. */
export function withoutClause(q: Query, clause: string): string {
  const want = textOf(join(nodesOf(clause), true));
  return canonical({ ...q, root: join(top(q).filter((n) => textOf(n) !== want), true) });
}
