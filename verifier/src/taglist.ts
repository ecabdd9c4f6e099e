// Tag lists (RFC 6376 section 3.2) and what their values are made of.

import { base64, bytesOf, trimEnd, trimStart, utf8 } from "./bytes";

export interface Tag {
  name: string;
  value: string; // without white space around it
  from: number; // where the value stands in the list's text, white space included
  to: number;
}

/** A list in order of appearance; what was read before a fault is still there. */
export class Tags {
  readonly list: Tag[] = [];
  ok = true;

  find(name: string): Tag | undefined {
    return this.list.find((t) => t.name === name);
  }

  get(name: string): string {
    return this.find(name)?.value ?? "";
  }
}

const maxTags = 100;

/** Names are case-sensitive and must not repeat; a final semicolon is allowed, an empty element is not. */
export function parseTags(s: string): Tags {
  const tags = new Tags();
  for (let pos = 0; pos <= s.length; ) {
    const semicolon = s.indexOf(";", pos);
    const end = semicolon < 0 ? s.length : semicolon;
    const element = s.slice(pos, end);
    if (end === s.length && trimmed(element) === "" && tags.list.length > 0) return tags;
    const equals = element.indexOf("=");
    const name = trimmed(element.slice(0, Math.max(equals, 0)));
    if (equals < 0 || !/^[A-Za-z]\w*$/.test(name) || tags.find(name) || tags.list.length === maxTags) {
      tags.ok = false;
      return tags;
    }
    tags.list.push({ name, value: trimmed(element.slice(equals + 1)), from: pos + equals + 1, to: end });
    pos = end + 1;
  }
  return tags;
}

const foldingSpace = " \t\r\n";

export function trimmed(s: string): string {
  return trimEnd(trimStart(s, foldingSpace), foldingSpace);
}

export function withoutSpace(s: string): string {
  return s.replace(/[ \t\r\n]/g, "");
}

/** Reads "a:b:c" with white space around the elements. */
export function colonList(s: string): string[] {
  return withoutSpace(s).split(":").filter((e) => e !== "");
}

/** Base64 with white space in it, padded or not; undefined if a value has another spelling. */
export function looseBase64(s: string): Uint8Array<ArrayBuffer> | undefined {
  const digits = trimEnd(withoutSpace(s), "=");
  return base64(digits.padEnd(Math.ceil(digits.length / 4) * 4, "="));
}

/** Lower case of a byte string, letter by letter; what is no UTF-8 gives way to a mark. */
export function lower(s: string): string {
  if (!/[\x80-\xff]/.test(s)) return s.toLowerCase();
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(s));
  return utf8(Array.from(text, (c) => c.toLowerCase()).join(""));
}

/** Labels of letters, digits, '-' and '_', and the UTF-8 of RFC 8616, with a dot between. */
export function isSelector(s: string): boolean {
  return /^[\w\x80-\xff-]{1,63}(\.[\w\x80-\xff-]{1,63})*$/.test(s);
}

export function isDomain(s: string): boolean {
  return s.includes(".") && s.length <= 253 && isSelector(s);
}

/** Whether domain is parent or lies below it; letter case aside. */
export function within(domain: string, parent: string): boolean {
  return ("." + lower(domain)).endsWith("." + lower(parent));
}
