// What the DKIM signatures of a mail show (RFC 6376, 8301, 8463), judged at the
// mail's own time against an archive of keys. It says the same as package
// evidence of the Go code, whose words these are, and knows no ARC.

import { byteString, bytesOf, cut, equal, trimEnd } from "./bytes";
import { addressHosts } from "./address";
import { canonicalBody, canonicalHeader, hasBareLF } from "./canon";
import { parseDate, receivedDate } from "./date";
import { lineAfter, maxHeader, readHeader, type Field, type Header } from "./header";
import { zeroTime, type Key, type Keys } from "./keys";
import { algorithms, checkSignature, hashed, type Algorithm, type Fit, type PublicKey } from "./publickey";
import { colonList, isDomain, isSelector, looseBase64, lower, parseTags, within, withoutSpace, type Tags } from "./taglist";

// The limits of an examination. What lies beyond one is not judged, never passed.
const maxSignatures = 50; // DKIM-Signature fields
const maxSigned = 2000; // names in one h=
const maxKeys = 8; // records tried for one signature
const maxHashed = 512 << 20; // body bytes hashed for one mail

/** The one state of a mail's sender check; empty for "not examined". */
export type Verdict = "valid" | "kept-key" | "unchecked" | "unsigned" | "mismatch" | "";

/** One DKIM-Signature field and what was found of it; all text is byte strings. */
export interface Signature {
  offset: number; // of the field in the mail
  domain: string;
  selector: string;
  identity: string; // i=
  algorithm: string;
  time: number; // t=
  expires: number; // x=
  outcome: "" | "pass" | "fail" | "nokey";
  cause: string; // empty when passed
  probable: string; // what probably happened, where that shows
  detail: string; // which tag or record, for causes that leave it open
  qualifiers: string[]; // what must be said along with a pass
  signed: string[]; // names of the covered fields, in signing order
  unsigned: string[]; // names of fields with an instance not covered, each once
  ambiguous: { name: string; signed: number; other: number }[]; // offsets of a covered field and of another one of its name
  bodyLength: number; // of the canonical body; 0 when it was not hashed
  bodyCovered: number; // of these, covered by the body hash
  key?: Key; // the one that was used
}

export interface Examination {
  signatures: Signature[]; // from the top downwards
  verdict: Verdict;
  at: number; // the time of judgement: the mail's own
  bareLF: boolean; // lines that end in LF alone were read as ending in CRLF
  error: string; // why nothing was judged, else empty
}

/**
 * Judges every DKIM signature of a mail, given by its exact bytes. now decides
 * only whether something has expired since and whether a key counts as current.
 */
export async function examine(raw: Uint8Array, keys: Keys, now: number): Promise<Examination> {
  const none = { signatures: [], at: zeroTime, bareLF: false, error: "" };
  if (!mayBeSigned(raw)) return { ...none, verdict: "unsigned" };
  const header = readHeader(raw);
  if (typeof header === "string") return { ...none, verdict: "", error: "signatures not examined: " + header };
  const m = new Message(raw, header);
  const signatures: Signature[] = [];
  for (const field of m.named("dkim-signature")) signatures.push(await m.dkim(field, signatures.length, keys, now));
  return { signatures, verdict: verdictOf(signatures, now), at: m.at, bareLF: hasBareLF(raw), error: "" };
}

/** Whether the header has a field worth reading; errs on the side of reading. */
function mayBeSigned(raw: Uint8Array): boolean {
  let begun = false;
  const end = Math.min(raw.length, maxHeader);
  for (let pos = raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf ? 3 : 0; pos < end; ) {
    const next = Math.min(lineAfter(raw, pos), end);
    const head = byteString(raw.subarray(pos, Math.min(next, pos + 20)));
    if (/^(dkim-signature|arc-)/i.test(head)) return true;
    if (begun && /^\r?\n/.test(head)) return false;
    // Before the header may stand blank lines and "From " lines.
    begun ||= head[0]! > " " && head[0] !== ">" && head[0] !== "F";
    pos = next;
  }
  return raw.length > maxHeader;
}

/** One signature that passes is enough; else one that the bytes contradict counts; else nothing could be checked. */
function verdictOf(signatures: Signature[], now: number): Verdict {
  if (signatures.some((s) => s.outcome === "pass" && s.key!.current(now))) return "valid";
  if (signatures.some((s) => s.outcome === "pass")) return "kept-key";
  if (signatures.some((s) => s.outcome === "fail" && contradictions.includes(s.cause))) return "mismatch";
  return signatures.length > 0 ? "unchecked" : "unsigned";
}

/** The causes that say: read, and does not fit. */
const contradictions = [
  "body changed", "header changed", "body and header changed", "header changed or other key", "key mismatch",
  "expired", "unauthorized subdomain", "domain mismatch", "key does not allow it",
];

/** The cause of a signature that did not pass, or the qualifiers of one that did. */
export function said(s: Signature): string {
  if (s.outcome === "pass") return s.qualifiers.join(", ");
  return s.probable === "" ? s.cause : `${s.cause}: ${s.probable} probable`;
}

/** The fields that stand once (RFC 5322 section 3.6) and decide what a reader sees. */
const singular = ["from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "content-type", "content-transfer-encoding"];

/** What the tags of a signature claim. The first fault found stays. */
interface Claim {
  field: Field;
  tags: Tags;
  cause: string;
  detail: string;
  alg: Algorithm | undefined;
  relaxedHeader: boolean;
  relaxedBody: boolean;
  names: string[]; // h=, lower case
  limit: number; // l=, or -1
  bh: Uint8Array;
  b: Uint8Array<ArrayBuffer>;
}

function readClaim(field: Field): [Signature, Claim] {
  const tags = parseTags(field.value);
  const canon = tags.find("c")?.value ?? "simple/simple"; // "header/body", each simple unless said
  const [header, body] = cut(canon, "/") ?? [canon, undefined];
  const c: Claim = {
    field, tags, cause: "", detail: "", alg: algorithms.get(tags.get("a")), relaxedHeader: header === "relaxed", relaxedBody: body === "relaxed",
    names: colonList(lower(tags.get("h"))), limit: -1, bh: new Uint8Array(), b: new Uint8Array(),
  };
  const s: Signature = {
    offset: field.offset, domain: lower(tags.get("d")), selector: tags.get("s"), identity: withoutSpace(tags.get("i")), algorithm: tags.get("a"),
    time: zeroTime, expires: zeroTime, outcome: "", cause: "", probable: "", detail: "", qualifiers: [],
    signed: [], unsigned: [], ambiguous: [], bodyLength: 0, bodyCovered: 0,
  };
  need(c, tags.ok, "not a tag list");
  readVersion(c);
  readSeal(c, s);
  readMessage(c, [header, body]);
  s.expires = when(c, "x");
  if (!within(identityDomain(s), s.domain)) fault(c, "domain mismatch", "i= is not in d="); // section 6.1.1
  if (!c.names.includes("from")) fault(c, "From not signed", "h="); // section 6.1.1
  return [s, c];
}

function fault(c: Claim, cause: string, detail: string): void {
  if (c.cause === "") [c.cause, c.detail] = [cause, detail];
}

function need(c: Claim, ok: boolean, detail: string): void {
  if (!ok) fault(c, "bad syntax", detail);
}

function readVersion(c: Claim): void {
  const v = c.tags.get("v");
  if (v === "" || v[0] === "0") fault(c, "draft syntax", "no v=1"); // RFC 4871 of 2007 brought v=1 and bh=
  else need(c, v === "1", "v= is not 1");
}

function readSeal(c: Claim, s: Signature): void {
  for (const name of ["a", "b", "d", "s"]) need(c, c.tags.get(name) !== "", name + "= is missing");
  if (!c.alg) fault(c, "unknown algorithm", "a=");
  need(c, isDomain(s.domain) && isSelector(s.selector), "d= or s= is no domain name");
  s.time = when(c, "t");
  c.b = encoded(c, "b");
}

function readMessage(c: Claim, [header, body]: [string, string | undefined]): void {
  need(c, c.tags.get("bh") !== "" && c.tags.find("h") !== undefined, "bh= or h= is missing");
  c.bh = encoded(c, "bh");
  const known = (canon: string | undefined) => canon === "relaxed" || canon === "simple";
  need(c, known(header) && (known(body) || body === undefined), "c= is unknown");
  c.limit = wholeTag(c, "l", 18); // RFC 6376 has 76 digits; no body needs more
  need(c, c.names.length <= maxSigned, "h= is too long");
}

function encoded(c: Claim, name: string): Uint8Array<ArrayBuffer> {
  const b = looseBase64(c.tags.get(name));
  need(c, b !== undefined, name + "= is not base64");
  return b ?? new Uint8Array();
}

/** An optional tag of digits; -1 when absent. */
function wholeTag(c: Claim, name: string, digits: number): number {
  const tag = c.tags.find(name);
  if (!tag) return -1;
  const isNumber = /^[0-9]+$/.test(tag.value);
  need(c, isNumber && tag.value.length <= digits, name + "= is no number");
  return isNumber ? Number(tag.value) : 0;
}

function when(c: Claim, name: string): number {
  const n = wholeTag(c, name, 12); // section 3.5 asks for 12 digits at least
  return n >= 0 ? n : zeroTime;
}

/** The domain of i=, which is @d by default and has an "@". */
function identityDomain(s: Signature): string {
  const id = s.identity || "@" + s.domain;
  const at = id.lastIndexOf("@");
  return at < 0 ? "" : id.slice(at + 1);
}

/** A mail being examined: what its signatures have in common. */
class Message {
  readonly at: number;
  private readonly fields: Field[];
  private readonly body: Uint8Array;
  private readonly byName = new Map<string, Field[]>(); // lower-case name: its fields, top down
  private readonly sums = new Map<string, { sum: Uint8Array; length: number }>();
  private hashed = 0; // body bytes hashed so far, against maxHashed

  constructor(raw: Uint8Array, header: Header) {
    this.fields = header.fields;
    this.body = raw.subarray(header.body);
    for (const f of this.fields) this.byName.set(f.name, []);
    for (const f of this.fields) this.byName.get(f.name)!.push(f);
    this.at = this.ownTime();
  }

  named(name: string): Field[] {
    return this.byName.get(name) ?? [];
  }

  /** When the mail was on its way by its own word: the oldest Received field that can be read, else Date. */
  private ownTime(): number {
    const stated = [...[...this.named("received")].reverse().map((f) => receivedDate(f.value)), ...this.named("date").map((f) => parseDate(f.value))];
    return stated.find((t) => t !== undefined) ?? zeroTime;
  }

  /** Judges the DKIM-Signature field that stands behind that many others. */
  async dkim(field: Field, before: number, keys: Keys, now: number): Promise<Signature> {
    const [s, c] = readClaim(field);
    if (before >= maxSignatures) return settle(blank(s), "fail", "not judged: too many signatures");
    await this.judge(s, c, keys);
    this.qualify(s, now);
    if (s.outcome === "pass" && !this.bySender(s.domain)) s.qualifiers.push("another domain");
    return s;
  }

  private async judge(s: Signature, c: Claim, keys: Keys): Promise<void> {
    const covered = this.cover(s, c);
    const found = this.candidates(s, c, keys);
    if (found.length === 0) return; // settled: nothing is hashed for want of a key
    const body = this.bodySum(c, this.body);
    if (!body) {
      settle(s, "fail", "not judged: too many signatures");
      return;
    }
    s.bodyLength = s.bodyCovered = body.length;
    if (c.limit >= 0) s.bodyCovered = Math.min(c.limit, body.length);
    await tryKeys(s, found, c, headerData(covered, c));
    if (!equal(body.sum, c.bh) || c.limit > body.length) {
      blameBody(s);
      s.probable = this.guess(s, c);
    }
  }

  /**
   * Picks the fields that h= names, each name from the bottom upwards (section
   * 5.4.2), and lists what stays uncovered. A name without a field left is not
   * in the result, and is thereby signed as absent.
   */
  private cover(s: Signature, c: Claim): Field[] {
    const left = new Map([...this.byName].map(([name, all]) => [name, all.filter((f) => f !== c.field)])); // a signature does not cover itself by h=
    const covered: Field[] = [];
    for (const name of c.names) {
      const f = left.get(name)?.pop();
      if (!f) continue;
      covered.push(f);
      s.signed.push(name);
    }
    const taken = new Set([c.field, ...covered]);
    for (const f of this.fields) {
      if (taken.has(f) || f.name === "") continue;
      if (!s.unsigned.includes(f.name)) s.unsigned.push(f.name);
      const last = this.named(f.name).at(-1)!;
      if (singular.includes(f.name) && taken.has(last)) s.ambiguous.push({ name: f.name, signed: last.offset, other: f.offset });
    }
    return covered;
  }

  /** The keys to try, or none with the reason settled. */
  private candidates(s: Signature, c: Claim, keys: Keys): Key[] {
    if (c.cause !== "") {
      settle(s, "fail", c.cause, c.detail);
      return [];
    }
    settle(s, "nokey", "key unknown");
    const usable: Key[] = [];
    for (const k of keys.lookup(s.domain, s.selector, this.timeFor(s))) {
      if (k.usable) usable.push(k);
      else if (typeof k.key === "object") settle(s, "nokey", "key revoked");
      else if (k.key !== undefined) settle(s, "fail", "bad key record", k.key);
      else settle(s, "nokey", "key gone", k.facts.note);
    }
    return usable.slice(0, maxKeys);
  }

  /** Hashes the body once for each form; undefined beyond maxHashed. */
  private bodySum(c: Claim, body: Uint8Array): { sum: Uint8Array; length: number } | undefined {
    const form = [c.alg!.hashName, c.relaxedBody, c.limit].join();
    const known = this.sums.get(form);
    if (known) return known;
    this.hashed += body.length;
    if (this.hashed > maxHashed) return undefined;
    const made = bodyHash(c, body);
    this.sums.set(form, made);
    return made;
  }

  /** What probably happened to the body. A footer is proven: the body up to its first line hashes as signed. */
  private guess(s: Signature, c: Claim): string {
    if (c.limit > s.bodyLength) return "cut short";
    const list = ["list-id", "list-post", "mailing-list", "x-mailing-list"].some((name) => this.named(name).length > 0);
    if (this.body.length <= maxGuessBody && this.hasFooter(c)) return "list footer";
    return list ? "mailing list" : "";
  }

  private hasFooter(c: Claim): boolean {
    const body = this.body;
    for (let end = body.length, tries = 0; end > 0 && tries < maxGuesses; ) {
      end = end > 1 ? body.lastIndexOf(newline, end - 2) + 1 : 0;
      const line = trimEnd(byteString(body.subarray(end, lineAfter(body, end))).replace(/\r?\n$/, ""), " ");
      if (line.length < 2 || !/^[-_=*]+$/.test(line)) continue; // the line above a footer
      tries++;
      if (equal(bodyHash(c, body.subarray(0, end)).sum, c.bh)) return true;
    }
    return false;
  }

  /** Adds what must be said along with a pass, and takes the pass back when the signature had expired by the mail's own time. */
  private qualify(s: Signature, now: number): void {
    if (s.outcome !== "pass") return;
    if (s.expires !== zeroTime && s.expires < this.at) {
      settle(s, "fail", "expired", "x=");
      return;
    }
    const key = s.key!.usable!;
    const at = this.timeFor(s);
    const said: [string, boolean][] = [
      ["expired since", s.expires !== zeroTime && s.expires < now],
      ["weak algorithm", algorithms.get(s.algorithm)!.hashName === "sha1"], // RFC 8301 section 3.1
      ["weak key", key.rsa !== undefined && key.rsa.bits < 1024], // RFC 8301 section 3.2
      ["test key", key.testing],
      ["ambiguous headers", s.ambiguous.length > 0],
      ["partial body", s.bodyCovered < s.bodyLength],
      ["key outside its known window", !s.key!.published(at)],
      ["signed later", s.time !== zeroTime && s.time - at > 24 * 3600],
    ];
    s.qualifiers = said.filter(([, applies]) => applies).map(([q]) => q);
  }

  /** The time of judgement: the mail's own, else the signature's. */
  private timeFor(s: Signature): number {
    return this.at === zeroTime ? s.time : this.at;
  }

  /** Whether a domain is, is below or is above that of an author in the lowest From field, which is the one that signatures cover. */
  private bySender(domain: string): boolean {
    const from = this.named("from").at(-1);
    return from !== undefined && addressHosts(from.value).some((host) => isDomain(host) && (within(host, domain) || within(domain, host)));
  }
}

// The bounds of the search for a footer.
const maxGuessBody = 1 << 20;
const maxGuesses = 8;

const newline = 0x0a;

/** A signature of which only what it says of itself is known. */
function blank(s: Signature): Signature {
  return { ...s, time: zeroTime, expires: zeroTime, identity: "" };
}

/** Records why a signature did not pass. */
function settle(s: Signature, outcome: Signature["outcome"], cause: string, detail = ""): Signature {
  return Object.assign(s, { outcome, cause, detail });
}

/** Section 3.7: the covered fields, each with CRLF, then the signature field itself with an empty b= and without CRLF. */
function headerData(covered: Field[], c: Claim): Uint8Array<ArrayBuffer> {
  const { raw, colon } = c.field;
  const b = c.tags.find("b")!;
  const own = raw.slice(0, colon + 1 + b.from) + raw.slice(colon + 1 + b.to);
  return bytesOf([...covered.map((f) => f.raw), own].map((r) => canonicalHeader(r, c.relaxedHeader)).join("\r\n"));
}

function bodyHash(c: Claim, body: Uint8Array): { sum: Uint8Array; length: number } {
  const all = canonicalBody(body, c.relaxedBody);
  return { sum: hashed(c.alg!, c.limit < 0 ? all : all.subarray(0, c.limit)), length: all.length };
}

/** Checks b= with each key until one fits; of failures, the most telling stays. */
async function tryKeys(s: Signature, keys: Key[], c: Claim, data: Uint8Array<ArrayBuffer>): Promise<void> {
  settle(s, "fail", "");
  for (const k of keys) {
    const cause = await tryKey(s, k.usable!, c, data);
    if (k.recovered && cause !== "header changed") {
      tryRecovered(s, k, cause);
      continue;
    }
    if (!s.key || cause === "" || cause === "header changed") {
      s.key = k;
      s.cause = cause;
      s.outcome = "fail";
    }
    if (cause === "") {
      s.outcome = "pass";
      return;
    }
  }
}

/** What a key shows that is known from signatures alone: that it fits makes nothing valid, and that it does not fit says nothing. */
function tryRecovered(s: Signature, k: Key, cause: string): void {
  if (cause === "") {
    settle(s, "nokey", "key recovered from signatures, not known whose");
    s.key = k;
  } else if (!s.key) settle(s, "nokey", "key unknown");
}

/** RFC 6376 sections 6.1.2 and 6.1.3 for one key; empty when all fits. */
async function tryKey(s: Signature, key: PublicKey, c: Claim, data: Uint8Array<ArrayBuffer>): Promise<Fit | "key does not allow it" | "unauthorized subdomain"> {
  const alg = c.alg!;
  if (key.kind !== alg.kind) return "key mismatch";
  if (key.hashes.length > 0 && !key.hashes.includes(alg.hashName)) return "key does not allow it";
  if (key.strict && lower(identityDomain(s)) !== lower(s.domain)) return "unauthorized subdomain";
  return checkSignature(key, alg, data, c.b);
}

/** Joins to what b= says that the body hash does not fit. */
function blameBody(s: Signature): void {
  if (s.outcome === "pass" || s.cause === "key recovered from signatures, not known whose") settle(s, "fail", "body changed");
  else if (s.cause === "header changed" || s.cause === "header changed or other key") s.cause = "body and header changed";
}
