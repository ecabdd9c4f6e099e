// Proof files and the two log entries that follow from them:
// docs/archive-format.md, sections 4 and 8. Any text but the one canonical form
// is refused.

import { base64, cut, hex, wholeNumber } from "./bytes";
import { parseCheckpoint, type Checkpoint } from "./checkpoint";
import type { Digest } from "./sha256";

/** A proof file as it is written; what it says is checked apart. */
export interface ProofFile {
  item: Item;
  itemIndex: bigint; // of its entry in the log
  itemPath: Digest[];
  commitment: Commitment;
  commitmentIndex: bigint;
  commitmentPath: Digest[];
  kind: string;
  opening: Opening | Rendition;
  place: Digest[]; // from the item's commitment to the collection's root
  checkpoint: Checkpoint;
}

/** The log entry that puts an edition of an item out. */
export interface Item {
  collection: string;
  number: number;
  edition: number;
  batch: number;
  shown: Digest; // of a salt and the bytes shown
}

/** The log entry that fixes a collection: its numbers first to first+count-1. */
export interface Commitment {
  k: number;
  first: number;
  count: number;
  time: string; // as the publisher states it
  rule: string;
  inventory: Digest;
  previous: Digest | undefined;
}

/** What opens the commitment of an item that is shown as it is. */
export interface Opening {
  seed: Uint8Array;
  salt: Uint8Array;
}

/** A run of segments that is not shown. */
export interface Hidden {
  at: bigint; // offset of its mark
  mark: number;
  first: number; // the first of the segments, counted from 0
  count: number;
}

/** What opens the commitment of an item of which some places are hidden. */
export interface Rendition {
  segments: number; // of the item, the hidden ones included
  salted: Digest; // of the item's salt and its exact bytes
  salt: Uint8Array; // of the digest of what is shown
  hidden: Hidden[];
  seeds: Uint8Array;
  hashes: Uint8Array;
}

export function isRendition(o: Opening | Rendition): o is Rendition {
  return "hidden" in o;
}

const format = "unseal-proof/2";

/** Bounds a proof file, nearly all of it for what is redacted. */
export const maxProof = 16 << 20;

/** Reads a proof file, given as a byte string, and checks its form; a string says what is wrong with it. */
export function parseProof(text: string): ProofFile | string {
  if (text.length > maxProof) return `${text.length} bytes, at most ${maxProof} are read`;
  const parts = cut(text, "\n\n");
  const lines = parts ? parts[0].split("\n") : [];
  if (!parts || lines.length !== 7 || lines[0] !== format) return `want seven lines from "${format}" on, then a checkpoint`;
  const read = new Reader();
  const [itemIndex, item, kind] = read.item(lines[1]!);
  const itemPath = read.path(lines[2]!);
  const [commitmentIndex, commitment] = read.commitment(lines[3]!);
  const commitmentPath = read.path(lines[4]!);
  const opening = read.opening(lines[5]!);
  const place = read.path(lines[6]!);
  if (read.wrong !== undefined) return `line "${read.wrong.slice(0, 60)}"`;
  const checkpoint = parseCheckpoint(parts[1]);
  if (typeof checkpoint === "string") return checkpoint;
  return { item, itemIndex, itemPath, commitment, commitmentIndex, commitmentPath, kind, opening, place, checkpoint };
}

/** Numbers of items, batches, editions and segments are at most this. */
const maxCount = 2 ** 31 - 1;

const maxIndex = 1n << 62n;

/** Longer than any path in a tree of maxIndex leaves. */
const maxPath = 64;

/** Reads lines word by word, and keeps the first that is wrong. */
class Reader {
  wrong: string | undefined;
  private line = "";
  private words: string[] = [];

  private begin(line: string, word: string, n: number): void {
    this.line = line;
    this.words = line.split(" ");
    if (this.words.length !== n + 1 || this.words[0] !== word) this.fail();
    this.words.shift();
  }

  private fail(): void {
    this.wrong ??= this.line;
  }

  private word(): string {
    return this.words.shift() ?? "";
  }

  private index(): bigint {
    const n = wholeNumber(this.word()) ?? -1n;
    if (n < 0n || n > maxIndex) this.fail();
    return n;
  }

  private count(): number {
    const n = this.index();
    if (n > maxCount) this.fail();
    return Number(n);
  }

  /** Base64 of pieces of that length, or of just one. */
  private bytes(length: number, many = false): Uint8Array {
    const b = base64(this.word());
    if (b && (many ? b.length % length === 0 : b.length === length)) return b;
    this.fail();
    return new Uint8Array();
  }

  item(line: string): [index: bigint, item: Item, kind: string] {
    this.begin(line, "item", 7);
    const index = this.index();
    const [collection, number, edition, batch, kind] = [this.word(), this.count(), this.count(), this.count(), this.word()];
    return [index, { collection, number, edition, batch, shown: this.bytes(32) }, kind];
  }

  commitment(line: string): [index: bigint, commitment: Commitment] {
    this.begin(line, "commitment", 8);
    const index = this.index();
    const [k, first, count, time, rule, inventory] = [this.count(), this.count(), this.count(), this.word(), this.word(), this.bytes(32)];
    const previous = this.words[0] === "-" ? undefined : this.bytes(32);
    if (!isTime(time) || previous?.every((c) => c === 0)) this.fail();
    return [index, { k, first, count, time, rule, inventory, previous }];
  }

  path(line: string): Digest[] {
    this.begin(line, "path", 1);
    const b = this.bytes(32, true);
    if (b.length > 32 * maxPath) this.fail();
    return Array.from({ length: b.length / 32 }, (_, i) => b.subarray(32 * i, 32 * i + 32));
  }

  opening(line: string): Opening | Rendition {
    if (!line.startsWith("redacted ")) {
      this.begin(line, "opening", 2);
      return { seed: this.bytes(16), salt: this.bytes(16) };
    }
    this.begin(line, "redacted", 6);
    const [segments, salted, salt, hidden] = [this.count(), this.bytes(32), this.bytes(16), this.word().split(",")];
    return { segments, salted, salt, hidden: hidden.map((run) => this.hidden(run)), seeds: this.bytes(16, true), hashes: this.bytes(32, true) };
  }

  private hidden(run: string): Hidden {
    const [, at, mark, first, count] = /^(0|-?[1-9][0-9]{0,18}):([0-5]):(0|[1-9][0-9]{0,9}):([1-9][0-9]{0,9})$/.exec(run) ?? [];
    const h = { at: BigInt(at ?? 0), mark: Number(mark), first: Number(first), count: Number(count) };
    if (at === undefined || BigInt.asIntN(64, h.at) !== h.at || h.first > maxCount || h.count > maxCount) this.fail();
    return h;
  }
}

/** RFC 3339 in UTC and whole seconds, of the years 0 to 9999, without leap seconds. */
function isTime(s: string): boolean {
  const found = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$/.exec(s);
  if (!found) return false;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [number, number, number, number, number, number];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day > 0 && day <= days && hour < 24 && minute < 60 && second < 60;
}

/** The only rule of segmentation. */
export const rule = "unseal-words-1";

/** The entries of a proof as they stand in the log, the root being that of the collection; a string says why there are none such. */
export function entriesOf(f: ProofFile, root: Digest): { item: string; commitment: string } | string {
  const { collection, number, edition, batch, shown } = f.item;
  const { k, first, count, time, inventory, previous } = f.commitment;
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(collection) || Math.min(number, edition, batch) < 1) return "not an item entry in canonical form";
  if (Math.min(k, first, count) < 1 || first > maxCount - count || time.startsWith("0000")) return "not a commitment entry in canonical form";
  return {
    item: `{"batch":${batch},"collection":"${collection}","edition":${edition},"number":${number},"shown":"${hex(shown)}","type":"item"}`,
    commitment:
      `{"collection":"${collection}","count":${count},"first":${first},"inventory":"${digest(inventory)}","k":${k},` +
      `"previous":"${digest(previous)}","root":"${digest(root)}","rule":"${f.commitment.rule}","time":"${time}","type":"commitment"}`,
  };
}

/** A digest in an entry; none, or one of zeros, is written as nothing. */
function digest(d: Digest | undefined): string {
  return d?.some((c) => c !== 0) ? hex(d) : "";
}
