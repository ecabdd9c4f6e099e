// The tree of a query and its canonical text: search/query.go and
// search/canonical.go.

import { paired } from "./fold";
import { dayOf, parseSpan, yearOf } from "./date";

/** A clause of a query's tree. */
export type Node = List | Negation | Text | Value | Numbers | Dates;

export type List = { kind: "and" | "or"; nodes: Node[] };
export type Negation = { kind: "not"; node: Node };

/** Words in a field; n are the words between (near) or the edits (fuzzy). */
export type Text = { kind: "text"; field: string; mode: "phrase" | "near" | "prefix" | "fuzzy"; words: Word[]; n: number; value: string; quoted: boolean };

/** glued: written with '_' to the word before; joint: with a zero-width non-joiner, as Persian joins endings. */
export type Word = { text: string; at: number; glued: boolean; joint: boolean };

export const joiner = "\u200c";
export type Value = { kind: "value"; field: string; value: string };

/** A number in a closed range; 0 is an open end. */
export type Numbers = { kind: "numbers"; field: string; from: number; to: number };

/** A date in [from, to), in seconds since 1970; null is an open end. */
export type Dates = { kind: "dates"; field: string; from: number | null; to: number | null };

/** A remark about how a query was read. */
export type Note = { code: string; args: string[]; query?: string };

export type Query = { root: Node | null; notes: Note[]; exact: boolean };

/** Whether a word is written in CJK. */
export function pairOf(w: string): boolean {
  return w !== "" && paired(w.codePointAt(0)!);
}

export function runes(s: string): number {
  let n = 0;
  for (const _ of s) n++;
  return n;
}

/** The canonical text: queries of one tree share it, and it parses to that tree. */
export function canonical(q: Query): string {
  const s = textOf(q.root);
  return q.exact ? (s + " also:no").trimStart() : s;
}

/** A node in the query language. */
export function textOf(n: Node | null): string {
  switch (n?.kind) {
    case undefined:
      return "";
    case "and":
      return n.nodes.map(inner).join(" ");
    case "or":
      return n.nodes.map(inner).join(" OR ");
    case "not":
      return "-" + inner(n.node);
    case "text":
      return inField(n.field, wordsOf(n));
    case "value":
      return inField(n.field, /[ (){}&|]/.test(n.value) ? `"${n.value}"` : n.value);
    case "numbers":
      return inField(n.field, n.from === n.to ? String(n.from) : `${n.from || ""}..${n.to || ""}`);
    case "dates":
      return inField(n.field, datesText(n.from, n.to));
  }
}

function inner(n: Node): string {
  return n.kind === "and" || n.kind === "or" ? `(${textOf(n)})` : textOf(n);
}

function inField(field: string, v: string): string {
  return field === "" ? v : field + ":" + v;
}

function wordsOf(t: Text): string {
  const s = joined(t);
  if (t.value !== "") return t.value;
  if (t.mode === "prefix") return s + "*";
  if (t.mode === "fuzzy") return `${s}~${t.n}`;
  if (t.mode === "near") return `"${s}"~${t.n}`;
  return t.quoted || !single(t) ? `"${s}"` : s;
}

/** Whether a text is one word, not of CJK, or one whose pieces are joined. */
export function single(t: Text): boolean {
  return t.mode === "phrase" && t.value === "" && t.words.every((w, i) => (i === 0 || w.joint) && !pairOf(w.text));
}

function isPair(w: string): boolean {
  return pairOf(w) && runes(w) === 2;
}

/** The words so that they read back the same: pairs of CJK that overlap become the run they came from. */
export function joined(t: { words: Word[] }): string {
  let out = "";
  let before: Word | undefined;
  for (const w of t.words) {
    if (!before) out = w.text;
    else if (w.at === before.at + 1 && isPair(w.text) && isPair(before.text)) out += [...w.text].slice(1).join("");
    else out += (w.glued ? "_" : w.joint ? joiner : " ") + w.text;
    before = w;
  }
  return out;
}

/** The shortest form: a year, month or day, else days with the last one included. */
function datesText(from: number | null, to: number | null): string {
  const day = 86400;
  if (from !== null) {
    for (const size of [4, 7, 10]) {
      const text = dayOf(from).slice(0, size);
      const s = parseSpan(text);
      if (s && s.from === from && s.to === to) return text;
    }
  }
  if (from !== null && to === null) return dayOf(from) + "..";
  if (from === null && to !== null && yearOf(to) <= 1000) return "<" + dayOf(to);
  if (from === null) return ".." + dayOf(to! - day);
  if (from >= to!) return `[${dayOf(from)} TO ${dayOf(to!)}}`;
  return `${dayOf(from)}..${dayOf(to! - day)}`;
}
