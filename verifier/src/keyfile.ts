// The forms in which DKIM keys are given to the page: the text of one record,
// zone lines or the output of dig, and archives of keys in JSON.

import { byteString, cut, textOf, trimEnd, trimStart, utf8 } from "./bytes";
import { examine } from "./dkim";
import { bareKey, Keys, zeroTime, type KeyFacts, type Sighting } from "./keys";
import { lower } from "./taglist";

/** The greatest file of keys that is read. */
export const maxKeyFile = 16 << 20;

/**
 * The keys that a file holds for a mail, or what is wrong with it. A bare record
 * has no name: it takes that of the signature made with it, else of the first.
 */
export async function keysFor(mail: Uint8Array, file: Uint8Array, where: string): Promise<Keys | string> {
  const text = withoutMark(byteString(file));
  const bare = bareRecord(text);
  if (bare !== undefined) return keysForMail(mail, bare, where);
  const found = text.trimStart().startsWith("{") ? jsonKeys(text, where) : zoneKeys(text, where);
  if (typeof found === "string") return found;
  return found.length > 0 ? archive(found) : "no key record found";
}

function archive(facts: KeyFacts[]): Keys {
  const keys = new Keys();
  for (const f of facts) keys.add(f);
  return keys;
}

function withoutMark(s: string): string {
  return s.startsWith("\xef\xbb\xbf") ? s.slice(3) : s;
}

const fits = ["body changed", "header changed", "body and header changed"];

async function keysForMail(mail: Uint8Array, record: string, where: string): Promise<Keys> {
  let first: Keys | undefined;
  for (const named of (await examine(mail, new Keys(), 0)).signatures) {
    const keys = archive([bareKey(named.domain, named.selector, record, where)]);
    first ??= keys;
    const { signatures } = await examine(mail, keys, 0);
    if (signatures.some((s) => s.outcome === "pass" || fits.includes(s.cause))) return keys;
  }
  return first ?? new Keys();
}

const whiteSpace = "\t\n\v\f\r ";

function stripped(s: string): string {
  return trimEnd(trimStart(s, whiteSpace), whiteSpace);
}

/** Whether s begins with the name of a tag and "=". */
function beginsWithTag(s: string): boolean {
  return /^\w+$/.test(stripped((cut(s, "=") ?? [s, ""])[0]));
}

/** The record in a text that is one record and nothing else, plain or in the quoted pieces of dig +short. */
function bareRecord(all: string): string | undefined {
  let text = stripped(all);
  if (text.startsWith('"')) {
    const entry = zoneEntry(text);
    if (!entry || entry.rest !== "") return undefined;
    text = entry.tokens.map((t) => t.text).join("");
  }
  if (!beginsWithTag(text)) return undefined;
  text = text.replace(/[\r\n]/g, "");
  return text.split(";").some((tag) => stripped((cut(tag, "=") ?? ["", ""])[0]) === "p") ? text : undefined;
}

/** Takes "s._domainkey.d" apart; the final dot of DNS may be there. */
function named(name: string, record: string, where: string): KeyFacts[] {
  const parts = cut(lower(name.endsWith(".") ? name.slice(0, -1) : name), "._domainkey.");
  if (!parts || parts.includes("") || /[ \t\r\n"]/.test(name)) return [];
  return [bareKey(parts[1], parts[0], stripped(record), where)];
}

/** Reads lines "name record", zone files (RFC 1035 section 5) and what dig prints. */
function zoneKeys(text: string, where: string): KeyFacts[] | string {
  const keys: KeyFacts[] = [];
  let origin = "";
  let owner = "";
  for (let rest = text; rest !== ""; ) {
    const [line, after] = cut(rest, "\n") ?? [rest, ""];
    const [name, record] = /^([^ \t]*)[ \t]([^]*)$/.exec(line)?.slice(1) ?? ["", ""];
    if (line.startsWith(";")) rest = after;
    else if (name!.includes("._domainkey.") && beginsWithTag(record!)) {
      keys.push(...named(name!, record!, where));
      rest = after;
    } else {
      const entry = zoneEntry(rest);
      if (!entry) return "a quoted string or parenthesis does not end";
      rest = entry.rest;
      const { tokens } = entry;
      if (tokens.length === 2 && tokens[0]!.text === "$ORIGIN") origin = tokens[1]!.text;
      else if (tokens.length > 0 && !/^[ \t]/.test(line)) owner = tokens.shift()!.text;
      const type = tokens.findIndex((t) => !t.quoted && t.text.toUpperCase() === "TXT");
      if (type < 0 || type > 2) continue; // before the type stand at most a time to live and a class
      const whole = owner.endsWith(".") || origin === "" ? owner : owner + "." + origin;
      keys.push(...named(whole, tokens.slice(type + 1).map((t) => t.text).join(""), where));
    }
  }
  return keys;
}

/** A word or a quoted string of a zone file, escapes undone. */
interface Token {
  text: string;
  quoted: boolean;
}

/** Reads the tokens of one entry, which ends at a line end outside parentheses and quotes; undefined if it does not end. */
function zoneEntry(s: string): { tokens: Token[]; rest: string } | undefined {
  const form = /"((?:[^"\\\n]|\\[^])*)"|;[^\n]*|[()\n]|[ \t\r]+|((?:[^"\\;()\n \t\r]|\\[^])+)/gy;
  const tokens: Token[] = [];
  let depth = 0;
  for (let found = form.exec(s); found; found = form.exec(s)) {
    const [all, quoted, word] = found as unknown as [string, string?, string?];
    if (quoted !== undefined || word !== undefined) tokens.push({ text: unescaped((quoted ?? word)!), quoted: quoted !== undefined });
    else if (all === "(") depth++;
    else if (all === ")") depth--;
    else if (all === "\n" && depth <= 0) return { tokens, rest: s.slice(form.lastIndex) };
    if (form.lastIndex === s.length) return depth > 0 ? undefined : { tokens, rest: "" };
  }
  return undefined;
}

function unescaped(s: string): string {
  return s.replace(/\\([01][0-9]{2}|2[0-4][0-9]|25[0-5]|[^])/g, (_, c: string) => (c.length === 3 ? String.fromCharCode(Number(c)) : c));
}

/** Reads an archive of keys, {"format":"unseal-keys/1","keys":[...]}, or keys one a line. */
function jsonKeys(text: string, where: string): KeyFacts[] | string {
  const values = parsed(text);
  if (!values) return "not JSON";
  const [first] = values as [{ format?: unknown; keys?: unknown }];
  if (values.length === 1 && first.format !== undefined) {
    if (first.format !== "unseal-keys/1" || !Array.isArray(first.keys)) return "not of the format unseal-keys/1";
    return factsOf(first.keys, where);
  }
  return factsOf(values, where);
}

function parsed(bytes: string): unknown[] | undefined {
  const text = textOf(bytes) ?? "";
  try {
    return [JSON.parse(text)];
  } catch {
    try {
      return text.split("\n").filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as unknown);
    } catch {
      return undefined;
    }
  }
}

function factsOf(list: unknown[], where: string): KeyFacts[] | string {
  const keys: KeyFacts[] = [];
  for (const value of list) {
    const facts = factOf(value, where);
    if (!facts) return "a key that is not in the form of unseal-keys/1";
    keys.push(facts);
  }
  return keys;
}

function factOf(value: unknown, where: string): KeyFacts | undefined {
  const k = new Fields(value);
  const facts = {
    domain: k.text("domain"), selector: k.text("selector"), record: k.text("record"), seen: k.list("seen").map(sightingOf),
    from: k.time("from"), until: k.time("until"), gone: k.time("gone"), note: k.text("note"),
  };
  const { domain, selector, record, seen } = facts;
  if (!k.ok || domain === "" || selector === "" || seen.some((s) => !s)) return undefined;
  if (seen.length === 0 && record !== "") return { ...facts, seen: bareKey("", "", "", where).seen };
  return { ...facts, seen: seen as Sighting[] };
}

function sightingOf(value: unknown): Sighting | undefined {
  const s = new Fields(value);
  const sighting = { where: s.text("where"), when: s.time("when"), dns: s.flag("dns"), recovered: s.flag("recovered") };
  return s.ok ? sighting : undefined;
}

/** The fields of a JSON object, each of its type or not there. */
class Fields {
  ok: boolean;
  private readonly of: Record<string, unknown>;

  constructor(value: unknown) {
    this.ok = typeof value === "object" && value !== null;
    this.of = this.ok ? (value as Record<string, unknown>) : {};
  }

  private value<T>(name: string, isOne: (v: unknown) => boolean, none: T): T {
    const v = this.of[name] ?? none;
    if (isOne(v)) return v as T;
    this.ok = false;
    return none;
  }

  text(name: string): string {
    return utf8(this.value(name, (v) => typeof v === "string", ""));
  }

  flag(name: string): boolean {
    return this.value(name, (v) => typeof v === "boolean", false);
  }

  list(name: string): unknown[] {
    return this.value<unknown[]>(name, Array.isArray, []);
  }

  /** A time of RFC 3339, in seconds since 1970. */
  time(name: string): number {
    const s = this.text(name);
    if (s === "") return zeroTime;
    const t = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(s) ? Date.parse(s) / 1000 : NaN;
    this.ok &&= !isNaN(t);
    return t;
  }
}
