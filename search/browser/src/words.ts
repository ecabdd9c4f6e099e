// The words of the page, in its language, and the elements that are made of
// them. Values stand in elements of their own direction; nothing is ever markup.

/** A value for a place of a message. */
export type Arg = string | number | Node;

let words: Record<string, string> = {};
let plural = new Intl.PluralRules("en");

/** Takes the words that the page holds. */
export function learn(text: string, lang: string): void {
  words = JSON.parse(text) as Record<string, string>;
  plural = new Intl.PluralRules(lang);
}

export function has(id: string): boolean {
  return id in words || id + ".other" in words;
}

function find(id: string, args: Record<string, Arg>): string {
  const count = args["Count"];
  const form = typeof count === "number" ? plural.select(count) : "other";
  return words[id] ?? words[`${id}.${form}`] ?? words[id + ".other"] ?? id;
}

/** The message under id with values in their places. */
export function say(id: string, args: Record<string, Arg> = {}): Node[] {
  return find(id, args)
    .split(/\{\{\s*\.(\w+)\s*\}\}/)
    .map((piece, i) => {
      const v = i % 2 === 1 ? args[piece] : piece;
      if (i % 2 === 0 || v === undefined) return document.createTextNode(i % 2 === 0 ? piece : "");
      return v instanceof Node ? v : bdi(typeof v === "number" ? number(v) : v);
    });
}

/** The message as plain text. */
export function plain(id: string, args: Record<string, Arg> = {}): string {
  return say(id, args)
    .map((n) => n.textContent)
    .join("");
}

/** A number with the language's separator between thousands. */
export function number(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, words["number.group"] ?? ",");
}

/** A number of bytes for people. */
export function size(n: number): string {
  let [v, u] = [n / 1000, 0];
  while (v >= 999.5 && u < 3) [v, u] = [v / 1000, u + 1];
  const digits = v < 9.95 ? v.toFixed(1).replace(".", words["number.decimal"] ?? ".") : v.toFixed(0);
  return plain("size." + "kMGT"[u], { Size: document.createTextNode(digits) });
}

/** A day for people; the undated have words of their own. */
export function day(seconds: number | null): Node[] {
  if (seconds === null) return say("date.none");
  const t = new Date(seconds * 1000);
  const of = (v: string) => document.createTextNode(v);
  const text = plain("date.day", { Day: of(String(t.getUTCDate())), Month: of(plain(`month.${t.getUTCMonth() + 1}`)), Year: of(String(t.getUTCFullYear())) });
  const e = el("time", {}, text);
  if (t.getUTCFullYear() > 0) e.dateTime = t.toISOString().slice(0, 10);
  return [e];
}

type Child = Node | string | (Node | string)[];

/** An element with attributes and children; strings are text. */
export function el<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children.flat());
  return e;
}

/** A value in a direction of its own. */
export function bdi(s: string): HTMLElement {
  return el("bdi", {}, visible(s));
}

export function code(s: string): HTMLElement {
  return el("bdi", {}, el("code", {}, visible(s)));
}

/** Shows what would turn the direction of what follows, and controls. */
export function visible(s: string): string {
  const hidden = /[\0-\x08\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2061-\u206f]/g;
  return s.replace(hidden, (c) => `[U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

/** The first characters of a text. */
export function cut(s: string, most: number): string {
  const letters = [...s];
  return letters.length <= most ? s : letters.slice(0, most).join("") + "\u2026";
}
