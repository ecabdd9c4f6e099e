// What was found, as rows of words.

import { textOf } from "./bytes";
import type { Sighting as Seen } from "./checkpoint";
import { said, type Examination, type Signature, type Verdict } from "./dkim";
import { zeroTime, type Key, type Sighting } from "./keys";
import type { Outcome, Statement } from "./verify";

/** A name and what is said under it. */
export type Row = [name: string, ...values: string[]];

/** Text of a byte string, with a mark for what is no UTF-8. */
function shown(byteString: string): string {
  return textOf(byteString) ?? byteString.replace(/[\x80-\xff]/g, "\ufffd");
}

function grouped(n: number | bigint): string {
  return n.toString().replace(/\B(?=([0-9]{3})+$)/g, ",");
}

function counted(n: number, one: string): string {
  return `${grouped(n)} ${one}${n === 1 ? "" : "s"}`;
}

/** A time in seconds since 1970, in UTC. */
function moment(seconds: number | bigint): string {
  const date = new Date(Number(seconds) * 1000);
  return isNaN(date.getTime()) ? `${seconds} seconds after 1970` : date.toISOString().replace(/\.\d+Z$/, "Z");
}

export function proofRows(o: Outcome): Row[] {
  const rows = o.statement ? statementRows(o.statement, o.result === "matches") : [];
  return [...rows, ["proof", o.cause || "matches"]];
}

const demoOrigin = "demo.";

function statementRows(s: Statement, keyKnown: boolean): Row[] {
  const { item, commitment } = s;
  const origin = shown(s.origin);
  const demo = origin.startsWith(demoOrigin) ? " (DEMO KEY: public, shows nothing)" : "";
  return [
    ["item", `${item.collection}/${item.number}, edition ${item.edition}, batch ${item.batch}`],
    ...redactionRows(s),
    ["committed", `one of ${grouped(commitment.count)}, by log entry ${grouped(s.commitmentIndex)}; time stated by the publisher: ${commitment.time}`],
    ["log", `${origin} at ${grouped(s.logSize)} entries; the item is entry ${grouped(s.itemIndex)}`],
    ["log key", (keyKnown ? "the key that you gave" : "a key not known to you") + demo],
    ["time", ...timeRows(s.seen)],
  ];
}

const maxPlaces = 200;

function redactionRows(s: Statement): Row[] {
  if (s.hidden.length === 0) return [];
  const hidden = s.hidden.reduce((n, h) => n + h.count, 0);
  const places = s.hidden.slice(0, maxPlaces).map((h) => `at byte ${grouped(h.at)}: ${counted(h.count, "segment")}`);
  if (places.length < s.hidden.length) places.push(`and ${grouped(s.hidden.length - places.length)} more places`);
  return [
    ["redacted", `${counted(s.hidden.length, "place")}, ${grouped(hidden)} of ${counted(s.segments, "segment")} (words, or lines of an attachment)`, ...places],
    ["shown", "Every other byte is what was committed to, in its place. What stood under the marks is not shown; a run is made longer than it need be. Whether a line ends at a mark is the publisher's word: a header field right behind one is not proven to be one."],
  ];
}

function timeRows(seen: Seen[]): string[] {
  const words = {
    seen: (w: Seen) => `seen by witness ${shown(w.name)} at ${moment(w.at)}: log, item and commitment stood then`,
    "not seen": (w: Seen) => `not seen by witness ${shown(w.name)}`,
    "not a key": (w: Seen) => `${shown(w.name)}: not the key of a witness`,
    "does not match": (w: Seen) => `the cosignature of ${shown(w.name)} does not match`,
  };
  const rows = seen.map((w) => words[w.result](w));
  return seen.some((w) => w.result === "seen") ? rows : [...rows, "time stated by the publisher"];
}

/** How each verdict looks, its words and what it shows. */
export const verdicts: Record<Verdict, { look: "ok" | "warn" | "bad" | ""; heading: string; next: string }> = {
  valid: { look: "ok", heading: "Signature valid", next: "The sending domain signed this message, and what it signed is unchanged. That DNS gave this key lately is what its keeper states. It does not show who typed it, or whether it is true." },
  "kept-key": {
    look: "ok",
    heading: "Signature valid with kept key",
    next: "The holder of this key signed this message, and what was signed is unchanged. That the key was the domain\u2019s rests on where the key came from. It does not show who typed it, or whether it is true.",
  },
  unchecked: { look: "", heading: "Cannot check", next: "The message carries a signature, but the key to check it is not known. Next: give the sender\u2019s key: the record of DNS, or keys.json of the archive." },
  unsigned: { look: "", heading: "Not signed", next: "It carries no signature of its sender\u2019s domain; nothing more is known about its origin." },
  mismatch: {
    look: "bad",
    heading: "Does not match",
    next: "The signature does not fit the message as you have it. Lists and gateways often change mail on its way; this alone does not say that anyone forged it. Of a redacted copy, its proof file says so.",
  },
  "": { look: "warn", heading: "Not examined", next: "No signature was judged." },
};

export function senderRows(e: Examination): Row[] {
  const rows = e.signatures.slice(0, maxShown).flatMap(signatureRows);
  if (e.signatures.length > maxShown) rows.push(["signatures", `${grouped(e.signatures.length - maxShown)} more`]);
  if (e.error !== "") rows.push(["signature", e.error]);
  if (e.signatures.length > 0 && e.at !== zeroTime) rows.push(["judged at", `${moment(e.at)}, the time that the message states`]);
  if (e.signatures.length > 0 && e.bareLF) rows.push(["line ends", "lines that end in LF alone were read as ending in CRLF"]);
  return rows;
}

const maxShown = 10;
const maxWord = 200;

const outcomes = { "": "not judged", pass: "valid", fail: "does not match", nokey: "key not known" };

function signatureRows(s: Signature): Row[] {
  const name = (b: string) => shown(b).slice(0, maxWord);
  const words = [outcomes[s.outcome], said(s)].filter(Boolean).join(": ");
  const rows: Row[] = [["signature", `${name(s.domain)}, selector ${name(s.selector)}: ${words}${s.detail === "" ? "" : ` (${name(s.detail)})`}`]];
  if (s.key) rows.push(["by key", ...keyRows(s.key)]);
  if (s.outcome !== "pass") return rows;
  if (s.identity !== "") rows.push(["on behalf of", name(s.identity)]);
  if (s.time !== zeroTime) rows.push(["signed at", `${moment(s.time)}, as the signer states`]);
  if (s.expires !== zeroTime) rows.push(["expires", moment(s.expires)]);
  rows.push(["covered", list([...new Set(s.signed)]), `${counted(s.bodyCovered, "byte")} of the body`]);
  const ambiguous = s.ambiguous.map((a) => `a second ${name(a.name)} at byte ${grouped(a.other)}`);
  const body = s.bodyCovered < s.bodyLength ? [`the last ${counted(s.bodyLength - s.bodyCovered, "byte")} of the body`] : [];
  rows.push(["not covered", list(s.unsigned) || "no other header field", ...ambiguous.slice(0, maxShown), ...body]);
  return rows;
}

function list(names: string[]): string {
  return names.map(shown).join(", ").slice(0, 2000);
}

/** Which key it was, and where it came from. */
function keyRows(k: Key): string[] {
  const { facts } = k;
  const size = k.usable?.rsa ? `rsa, ${k.usable.rsa.bits} bits` : "ed25519";
  const rows = [`${shown(facts.selector)}._domainkey.${shown(facts.domain)}, ${size}`, ...facts.seen.slice(0, maxShown).map(sighting)];
  if (facts.from !== zeroTime) rows.push("published since " + moment(facts.from));
  if (facts.until !== zeroTime) rows.push("published until " + moment(facts.until));
  if (facts.gone !== zeroTime) rows.push("no longer in DNS at " + moment(facts.gone));
  if (facts.note !== "") rows.push(shown(facts.note).slice(0, maxWord));
  return rows;
}

function sighting(s: Sighting): string {
  const where = shown(s.where).slice(0, maxWord);
  const how = s.recovered ? "computed from signatures" : s.dns ? "answer of DNS, as its keeper states" : "copy";
  return `${how}: ${where}${s.when === zeroTime ? "" : ", " + moment(s.when)}`;
}
