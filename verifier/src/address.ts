// The hosts of an address list (RFC 5322 section 3.4), read as leniently as
// package mime of the Go code reads it: what stands between two commas is one
// address, however broken.

import { cut, textOf, trimEnd, trimStart, utf8 } from "./bytes";
import { space } from "./checkpoint";
import { commentEnd, unfolded } from "./header";

/** What follows the last '@' of each address, as byte strings; not all of them are domains. */
export function addressHosts(value: string): string[] {
  const text = unfolded(value);
  return new Addresses((textOf(text) ?? text).trim()).hosts.map(utf8);
}

class Addresses {
  readonly hosts: string[] = [];
  private at = 0;
  private phrase = ""; // what stands outside comments and angle brackets
  private filled = false; // phrase is more than white space
  private addressed = false; // phrase has an '@'
  private angle: string | undefined;
  private named = 0; // length of phrase before angle
  private group = false;
  private readonly last: Record<string, number> = {}; // where each closing character stands last; behind it an opening one means nothing

  constructor(s: string) {
    for (const c of '")>') this.last[c] = s.lastIndexOf(c);
    while (this.at < s.length) this.at += this.step(s.slice(this.at));
    this.finish();
  }

  private closed(c: string): boolean {
    return this.at < this.last[c]!;
  }

  private setPhrase(s: string): void {
    this.phrase = "";
    this.filled = this.addressed = false;
    this.add(s);
  }

  private add(s: string): void {
    this.phrase += s;
    this.filled ||= s.trim() !== "";
    this.addressed ||= s.includes("@");
  }

  /** Reads one token and returns its length. */
  private step(rest: string): number {
    const c = rest[0];
    if (c === '"' && this.closed('"')) return this.quoted(rest);
    if (c === "(" && this.closed(")")) return commentEnd(rest);
    if (c === "<" && this.closed(">")) return this.bracket(rest);
    if (c === "," || (c === ";" && (this.group || this.angle !== undefined || this.addressed))) {
      this.finish();
      if (c === ";") this.group = false;
    } else if (c === ":" && this.angle === undefined && this.filled && !this.addressed) {
      this.group = true;
      this.setPhrase("");
    } else {
      const n = rest.startsWith("=?") ? Math.max(encodedWord(rest), 1) : plain(rest);
      this.add(rest.slice(0, n));
      return n;
    }
    return 1;
  }

  private quoted(rest: string): number {
    const n = quotedEnd(rest);
    this.add(rest[n] === "@" ? rest.slice(0, n) : unquoted(rest.slice(0, n))); // a local part keeps its quotes
    return n;
  }

  private bracket(rest: string): number {
    if (this.angle !== undefined) {
      const next = this.phrase.slice(this.named); // the comma is missing
      this.setPhrase(this.phrase.slice(0, this.named));
      this.finish();
      this.add(next);
    }
    this.named = this.phrase.length;
    const end = rest.indexOf(">");
    this.angle = rest.slice(1, end);
    return end + 1;
  }

  private finish(): void {
    const name = trimEnd(trimStart(this.phrase, " \t;"), " \t;");
    const address = clean(this.angle ?? (name.includes("@") ? bare(name) : ""));
    this.hosts.push(address.slice(address.lastIndexOf("@") + 1));
    this.setPhrase("");
    this.angle = undefined;
  }
}

function plain(rest: string): number {
  const at = rest.slice(1).search(/["(<,;:=]/);
  return at < 0 ? rest.length : at + 1;
}

function quotedEnd(s: string): number {
  for (let i = 1; i < s.length; i++) {
    if (s[i] === "\\") i++;
    else if (s[i] === '"') return i + 1;
  }
  return s.length;
}

/** Takes the quotes off, and the backslashes before quotes and backslashes. */
function unquoted(s: string): string {
  return (s.endsWith('"') && s.length > 1 ? s.slice(1, -1) : s.slice(1)).replace(/\\(["\\])/g, "$1");
}

/** The word with an '@'; a quoted local part may hold white space. */
function bare(s: string): string {
  return s[0] === '"' ? s : (s.split(space).find((word) => word.includes("@")) ?? "");
}

/** Takes white space, brackets and the route of RFC 5322 section 4.4 off. */
function clean(s: string): string {
  s = trimEnd(trimStart(s, "<> \t"), "<> \t");
  if (s.length > 2 && s[0] === '"' && s.endsWith('"')) s = unquoted(s);
  const [route, rest] = cut(s, ":") ?? ["", s];
  if (s[0] === "@" || route === "mailto") s = rest;
  const between = s.includes("@") && s[0] !== '"' ? "" : " ";
  return s.split(space).filter((word) => word !== "").join(between);
}

/** The length of an encoded word (RFC 2047) at the beginning of s, or 0. */
function encodedWord(s: string): number {
  const found = /^=\?([^?]{0,79})\?([qb])\?/i.exec(s);
  if (!found || /[ \t]/.test(found[1]!)) return 0;
  const begin = found[0].length;
  const b = found[2]!.toLowerCase() === "b";
  for (let i = begin; i < s.length; i++) {
    const c = s[i]!;
    if (c === "?" && s[i + 1] === "=") return i + 2;
    if (c === "?" && (b || i + 1 === s.length)) return i + 1;
    if (b && !/[A-Za-z0-9+/= \t]/.test(c)) return i;
    if (c === "=" && s[i + 1] === "?" && (i + 2 === s.length || s[i + 2] !== "=")) return i;
  }
  return s.length;
}
