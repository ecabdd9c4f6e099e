// The header of a mail, as package mime of the Go code reads it: fields with
// their offsets, nothing interpreted.

import { byteString, trimEnd } from "./bytes";

export interface Field {
  name: string; // lower case; empty for a line that is no field
  raw: string; // name, colon, value, folding and line end
  value: string; // between the colon and the last line end
  colon: number; // in raw
  offset: number; // of raw in the mail
}

export interface Header {
  fields: Field[];
  body: number; // offset of the first byte behind the header and its empty line
}

export const maxHeader = 1 << 20;
const maxHeaderLines = 2000;

/** How far a line is searched for what it begins with. */
const maxToken = 80;

const newline = 0x0a;

/** The offset of the line behind the one at pos. */
export function lineAfter(raw: Uint8Array, pos: number): number {
  const end = raw.indexOf(newline, pos);
  return end < 0 ? raw.length : end + 1;
}

/** The first bytes of a line: all that names and marks are told by. */
function lineHead(raw: Uint8Array, pos: number, next: number): string {
  return byteString(raw.subarray(pos, Math.min(next, pos + maxHeader)));
}

/** Passes over what a mailbox leaves before a message. */
function skipEnvelope(raw: Uint8Array): number {
  let pos = raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf ? 3 : 0;
  while (pos < raw.length) {
    const next = lineAfter(raw, pos);
    const line = lineHead(raw, pos, next);
    if (!/^[\t-\r ]*$|^>?From /.test(line)) break;
    pos = next;
  }
  return pos;
}

/** Reads the header at the beginning of a mail; a string says which limit it goes beyond. */
export function readHeader(raw: Uint8Array): Header | string {
  const fields: Field[] = [];
  const start = skipEnvelope(raw);
  let pos = start;
  for (let lines = 1; pos < raw.length; lines++) {
    const next = lineAfter(raw, pos);
    if (next - start > maxHeader) return beyond(maxHeader, "header");
    if (lines > maxHeaderLines) return beyond(maxHeaderLines, "header lines");
    const line = byteString(raw.subarray(pos, next));
    if (/^(\r?\n|\r$)/.test(line)) return { fields: fields.map(settled), body: next };
    if (!take(fields, line, pos)) break;
    pos = next;
  }
  return { fields: fields.map(settled), body: pos };
}

function beyond(limit: number, what: string): string {
  return `the message goes beyond the limit of ${limit} (${what})`;
}

const fieldForm = /^([!-9;-~]+)[ \t]*:/;

/** Takes one line into the header, or says that it does not belong there. */
function take(fields: Field[], line: string, offset: number): boolean {
  const last = fields[fields.length - 1];
  if (last && continues(last, line)) {
    last.raw += line;
    return true;
  }
  const found = fieldForm.exec(line);
  const indented = fields.length === 0 && fieldForm.test(line.replace(/^[ \t]+/, ""));
  if (!found && !indented && !/^>?From /.test(line)) return false;
  fields.push({ name: found ? found[1]!.toLowerCase() : "", raw: line, value: "", colon: found ? found[0].length - 1 : 0, offset });
  return true;
}

/** Whether a line is folded, or a parameter behind a semicolon that has lost the white space of folding. */
function continues(last: Field, line: string): boolean {
  if (line[0] === " " || line[0] === "\t") return true;
  const at = line.slice(0, maxToken).search(/[=: \t]/);
  if (at <= 0 || line[at] !== "=") return false;
  return trimEnd(last.raw, " \t\r\n").endsWith(";");
}

function settled(f: Field): Field {
  return f.name === "" ? f : { ...f, value: f.raw.slice(f.colon + 1).replace(/\r?\n$|\r$/, "") };
}

/** Takes the line ends of folding out (RFC 5322 section 2.2.3). */
export function unfolded(value: string): string {
  return value.replace(/[\r\n]/g, "");
}

/** The length of the comment at the beginning of s (RFC 5322 section 3.2.2). */
export function commentEnd(s: string): number {
  for (let i = 0, depth = 0; i < s.length; i++) {
    if (s[i] === "\\") i++;
    else if (s[i] === "(") depth++;
    else if (s[i] === ")" && --depth === 0) return i + 1;
  }
  return s.length;
}
