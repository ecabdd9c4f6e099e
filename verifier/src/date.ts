// Dates of mail, as package mime of the Go code reads them (RFC 5322 section
// 3.3, obsolete forms of 4.3, and what other software wrote). Times are in
// seconds since 1970.

import { trimEnd, trimStart } from "./bytes";
import { commentEnd, unfolded } from "./header";

interface Read {
  year: number; // these three are 0 while not seen
  month: number;
  day: number;
  hour: number; // -1 while not seen
  minute: number;
  second: number;
  zone: number; // minutes east
  zoned: boolean;
}

/** Reads a date; undefined for one that does not exist. */
export function parseDate(value: string): number | undefined {
  let text = withoutComments(unfolded(value));
  const comma = text.indexOf(",");
  if (comma >= 0 && !/[0-9]/.test(text.slice(0, comma))) text = text.slice(comma + 1); // the day of the week, in whatever language
  const d: Read = { year: 0, month: 0, day: 0, hour: -1, minute: 0, second: 0, zone: 0, zoned: false };
  for (const word of text.split(/[ \t,]+/)) if (word !== "") readWord(d, word);
  if (d.month < 1 || d.month > 12 || d.day < 1 || d.year < 1 || d.hour > 24 || d.minute > 59) return undefined;
  const t = new Date(0);
  t.setUTCFullYear(d.year, d.month - 1, d.day);
  if (t.getUTCDate() !== d.day) return undefined;
  return t.getTime() / 1000 + (Math.max(d.hour, 0) * 60 + d.minute - d.zone) * 60 + d.second;
}

/** The date of a Received field: what follows its last semicolon (RFC 5322 section 3.6.7). */
export function receivedDate(value: string): number | undefined {
  const at = value.lastIndexOf(";");
  return at < 0 ? undefined : parseDate(value.slice(at + 1));
}

function integer(s: string): number | undefined {
  return /^[+-]?[0-9]+$/.test(s) ? Number(s) : undefined;
}

/** Takes one word of the date for what it looks like. */
function readWord(d: Read, word: string): void {
  const n = integer(word);
  if (d.hour < 0 && (word.includes(":") || word.split(".").length === 3)) readClock(d, word);
  else if (d.hour >= 0 && /^[+-]/.test(word)) readZone(d, word);
  else if (/[-/]/.test(word.slice(1))) readJoined(d, word);
  else if (n !== undefined && word.length <= 2 && d.day === 0) d.day = n;
  else if (n !== undefined && d.year === 0) d.year = fullYear(n, word.length);
  else if (d.month === 0 && monthNamed(word) > 0) d.month = monthNamed(word);
  else if (d.hour >= 0) readZone(d, word);
}

/** Completes a year of two or three digits (RFC 5322 section 4.3). */
function fullYear(n: number, digits: number): number {
  if (digits > 4) return 0;
  if (digits <= 2 && n < 50) return 2000 + n;
  return digits <= 3 ? 1900 + n : n;
}

/** Reads a time, which may have a date of ISO 8601 before it and a zone behind it. */
function readClock(d: Read, word: string): void {
  const t = word.indexOf("T");
  if (t > 0) {
    readJoined(d, word.slice(0, t));
    word = word.slice(t + 1);
  }
  const zone = word.search(/[+\-Z]/);
  if (zone > 0) {
    readZone(d, word.slice(zone));
    word = word.slice(0, zone);
  }
  const n = [0, 0, 0];
  for (const [i, part] of word.split(/[:.]+/).filter((p) => p !== "").slice(0, 3).entries()) {
    const v = integer(part);
    if (v === undefined || v < 0 || v > 60) return;
    n[i] = v;
  }
  [d.hour, d.minute, d.second] = n as [number, number, number];
}

/** Reads "02-Jan-2006" and "2006-01-02". */
function readJoined(d: Read, word: string): void {
  const parts = word.split(/[-/]+/).filter((p) => p !== "");
  if (parts.length !== 3) return;
  if (parts[0]!.length === 4) [d.year, d.month, d.day] = parts.map((p) => integer(p) ?? 0) as [number, number, number];
  else if (monthNamed(parts[1]!) > 0) for (const p of parts) readWord(d, p);
}

// The names of RFC 5322 section 4.3 and others that mail has used, where they
// mean one thing, in minutes east.
const zones = new Map(
  (
    "Z 0 EST -300 EDT -240 CST -360 CDT -300 MST -420 MDT -360 PST -480 PDT -420 AKST -540 AKDT -480 HST -600 NST -210 NDT -150 AST -240 ADT -180 " +
    "WET 0 WEST 60 BST 60 CET 60 MET 60 MEZ 60 CEST 120 MEST 120 MESZ 120 EET 120 EEST 180 MSK 180 MSD 240 SAST 120 JST 540 KST 540 HKT 480 SGT 480 " +
    "AEST 600 AEDT 660 ACST 570 AWST 480 NZST 720 NZDT 780"
  )
    .match(/\S+ \S+/g)!
    .map((pair) => pair.split(" ") as [string, string]),
);

const quotes = "\"'";

/** Reads a zone: signed digits, a name, or a name with digits. */
function readZone(d: Read, word: string): void {
  word = trimEnd(trimStart(word, quotes), quotes).replace(/[a-z]/g, (c) => c.toUpperCase());
  const known = zones.get(word);
  for (const p of ["GMT", "UTC", "UT"]) if (word.startsWith(p)) word = word.slice(p.length);
  let digits = word.replace(/^[+-]+/, "").replace(/:/g, "");
  if (digits.length <= 2) digits += "00";
  const n = integer(digits);
  if (word === "PM" && d.hour < 12) d.hour += 12;
  else if (word === "AM" && d.hour === 12) d.hour = 0;
  else if (word === "DST") d.zone += 60;
  else if (d.zoned) return;
  else if (known !== undefined || word === "") [d.zone, d.zoned] = [Number(known ?? 0), true];
  else if (n !== undefined && /^[+-]/.test(word) && n < 2400 && n % 100 < 60) {
    d.zone = (Math.trunc(n / 100) * 60 + (n % 100)) * (word[0] === "-" ? -1 : 1);
    d.zoned = true;
  }
}

/** The number of the month whose English name a word begins with, or 0. */
function monthNamed(word: string): number {
  const at = "janfebmaraprmayjunjulaugsepoctnovdec".indexOf(word.slice(0, 3).toLowerCase());
  return word.length < 3 || at % 3 !== 0 ? 0 : at / 3 + 1;
}

function withoutComments(s: string): string {
  let out = "";
  for (let i = 0; i < s.length; ) {
    if (s[i] === "(") {
      out += " ";
      i += commentEnd(s.slice(i));
    } else out += s[i++];
  }
  return out;
}
