// Proof files and the two log entries in them: docs/archive-format.md,
// sections 4 and 8. Any text but the one canonical form is refused.

import { base64, cut, hexBytes, wholeNumber } from "./bytes";
import { maxCheckpoint, parseCheckpoint, type Checkpoint } from "./checkpoint";
import type { Digest } from "./sha256";

/** A proof file as it is written; what its entries say is checked apart. */
export interface ProofFile {
  item: Logged;
  commitment: Logged;
  opening: Opening;
  place: Digest[]; // from the item's commitment to the collection's root
  checkpoint: Checkpoint;
}

/** An entry with its place in the log. */
export interface Logged {
  index: bigint;
  entry: string;
  path: Digest[];
}

export interface Opening {
  kind: string;
  segments: number;
  seed: Uint8Array;
  salt: Uint8Array;
  root: Digest;
}

const format = "unseal-proof/1";

/** Bounds a proof file, most of it for cosignatures of witnesses. */
export const maxProof = maxCheckpoint + (16 << 10);

/** Reads a proof file, given as a byte string, and checks its form; a string says what is wrong with it. */
export function parseProof(text: string): ProofFile | string {
  if (text.length > maxProof) return `${text.length} bytes, at most ${maxProof} are read`;
  const parts = cut(text, "\n\n");
  const lines = parts ? parts[0].split("\n") : [];
  if (!parts || lines.length !== 7 || lines[0] !== format) return `want seven lines from "${format}" on, then a checkpoint`;
  const item = parseLogged(lines[1]!, "item ", lines[2]!);
  const commitment = parseLogged(lines[3]!, "commitment ", lines[4]!);
  const opening = parseOpening(lines[5]!);
  const place = parsePath(lines[6]!);
  if (!item) return "the lines of the item";
  if (!commitment) return "the lines of the commitment";
  if (!opening || !place) return "the lines of the opening";
  const checkpoint = parseCheckpoint(parts[1]);
  return typeof checkpoint === "string" ? checkpoint : { item, commitment, opening, place, checkpoint };
}

function parseLogged(line: string, word: string, pathLine: string): Logged | undefined {
  const parts = line.startsWith(word) ? cut(line.slice(word.length), " ") : undefined;
  const index = parts && wholeNumber(parts[0]);
  const path = parsePath(pathLine);
  return parts && index !== undefined && path ? { index, entry: parts[1], path } : undefined;
}

/** Longer than any path in a tree of 2^62 leaves. */
const maxPath = 64;

function parsePath(line: string): Digest[] | undefined {
  const bytes = line.startsWith("path ") ? base64(line.slice(5)) : undefined;
  if (!bytes || bytes.length % 32 !== 0 || bytes.length > 32 * maxPath) return undefined;
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
}

/** Numbers of items, batches, editions and segments are at most this. */
const maxCount = 2 ** 31 - 1;

function parseOpening(line: string): Opening | undefined {
  const [word, kind, count, ...encoded] = line.split(" ");
  const segments = wholeNumber(count ?? "");
  const [seed, salt, root] = encoded.map(base64);
  if (word !== "opening" || kind === undefined || encoded.length !== 3) return undefined;
  if (segments === undefined || segments > maxCount) return undefined;
  if (seed?.length !== 16 || salt?.length !== 16 || root?.length !== 32) return undefined;
  return { kind, segments: Number(segments), seed, salt, root };
}

/** The log entry that puts an edition of an item out. */
export interface Item {
  batch: number;
  collection: string;
  edition: number;
  number: number;
  sha256: Digest; // of the bytes shown
}

const collectionForm = "([a-z0-9][a-z0-9-]{0,62})";
const countForm = "([1-9][0-9]{0,9})";

const itemForm = new RegExp(
  `^{"batch":${countForm},"collection":"${collectionForm}","edition":${countForm},"number":${countForm},"sha256":"([0-9a-f]{64})","type":"item"}$`,
);

/** Reads an item entry; undefined if it is none in canonical form. */
export function parseItem(entry: string): Item | undefined {
  const found = itemForm.exec(entry);
  if (!found) return undefined;
  const [, batch, collection, edition, number, sum] = found as unknown as string[];
  const item = { batch: Number(batch), collection: collection!, edition: Number(edition), number: Number(number), sha256: hexBytes(sum!) };
  return item.batch > maxCount || item.edition > maxCount || item.number > maxCount ? undefined : item;
}

/** The log entry that fixes a collection: its numbers first to first+count-1. */
export interface Commitment {
  collection: string;
  count: number;
  first: number;
  root: Digest; // over the item commitments
  rule: string;
  time: string; // as the publisher states it
}

const digestForm = "([0-9a-f]{64}|)";

const commitmentForm = new RegExp(
  `^{"collection":"${collectionForm}","count":${countForm},"first":${countForm},"inventory":"${digestForm}","k":([1-9][0-9]{0,18}),` +
    `"previous":"${digestForm}","root":"${digestForm}","rule":"([^"\\\\<>&\\x00-\\x1f]*)","time":"([0-9TZ:-]{20})","type":"commitment"}$`,
);

const noDigest = "0".repeat(64); // is written as nothing

/**
 * Reads a commitment entry; undefined if it is none in canonical form. Which
 * rules there are is for the caller to say.
 */
export function parseCommitment(entry: string): Commitment | undefined {
  const found = commitmentForm.exec(entry);
  if (!found) return undefined;
  const [, collection, countText, firstText, inventory, k, previous, root, rule, time] = found as unknown as [string, ...string[]];
  const count = Number(countText);
  const first = Number(firstText);
  if (first > maxCount - count || wholeNumber(k!) === undefined) return undefined;
  if ([inventory, previous, root].includes(noDigest) || !isTime(time!)) return undefined;
  return { collection: collection!, count, first, root: hexBytes(root || noDigest), rule: rule!, time: time! };
}

/** RFC 3339 in UTC and whole seconds, of the years 1 to 9999, without leap seconds. */
function isTime(s: string): boolean {
  const found = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$/.exec(s);
  if (!found) return false;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [number, number, number, number, number, number];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return year > 0 && days !== undefined && day > 0 && day <= days && hour < 24 && minute < 60 && second < 60;
}
