// Checkpoints (c2sp.org/tlog-checkpoint), which are signed notes
// (c2sp.org/signed-note), and the keys that sign them.

import { base64, byteString, bytesOf, cut, hex, textOf, utf8, wholeNumber } from "./bytes";
import { verifyEd25519 } from "./ed25519";
import { sha256, type Digest } from "./sha256";

export interface Checkpoint {
  origin: string; // a byte string, as everything here
  size: bigint;
  root: Digest;
  note: string; // the signed note, byte for byte
}

export const maxCheckpoint = 64 << 10;

/** The dash before a signature, in UTF-8. */
const dash = utf8("\u2014");

/** Reads a checkpoint without looking at its signatures; a string says what is wrong with it. */
export function parseCheckpoint(note: string): Checkpoint | string {
  if (note.length > maxCheckpoint) return `checkpoint of ${note.length} bytes, at most ${maxCheckpoint} are read`;
  const parts = cut(note, "\n\n");
  if (!parts) return "checkpoint without signature block";
  const [text, signatures] = parts;
  const [origin, sizeText, rootText] = text.split("\n");
  if (!origin || sizeText === undefined || rootText === undefined) return "checkpoint without origin, size and root";
  const size = wholeNumber(sizeText);
  if (size === undefined) return "checkpoint size";
  const root = base64(rootText);
  if (root?.length !== 32) return "checkpoint root";
  if (!signatureLines(signatures)) return "signature line";
  return { origin, size, root, note };
}

interface Signature {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** The lines behind the text of a note, or undefined if one has another form. */
function signatureLines(block: string): Signature[] | undefined {
  const lines = block.split("\n");
  if (lines.pop() !== "") return undefined;
  const list: Signature[] = [];
  for (const line of lines) {
    const [first, name, encoded, ...more] = line.split(" ");
    const bytes = base64(encoded ?? "?");
    if (first !== dash || name === undefined || !bytes || more.length > 0) return undefined;
    list.push({ name, bytes });
  }
  return list;
}

// White space as Unicode has it.
export const space = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

function isName(name: string): boolean {
  const text = textOf(name);
  return text !== undefined && text !== "" && !space.test(text) && !text.includes("+");
}

/** A key that signs notes: whose, and the first four bytes of the hash that its signatures name. */
interface Key {
  name: string;
  hash: string;
  key: Uint8Array<ArrayBuffer>;
}

// The types of keys (c2sp.org/signed-note): of logs, and of witnesses for cosignatures.
const typeEd25519 = "\x01";
const typeCosignature = "\x04";

/** Reads a key of the form name+hash+base64; undefined if it is none of that type. */
function parseKey(vkey: string, type: string): Key | undefined {
  const [name, rest] = cut(vkey, "+") ?? ["", ""];
  const [hash, encoded] = cut(rest, "+") ?? ["", ""];
  const bytes = base64(encoded.replace(/[\r\n]/g, ""));
  if (!isName(name) || bytes?.length !== 33) return undefined;
  const key = byteString(bytes);
  const sum = sha256(bytesOf(name + "\n" + key)).subarray(0, 4);
  if (hash.toLowerCase() !== hex(sum) || key[0] !== type) return undefined;
  return { name, hash: byteString(sum), key: bytes.slice(1) };
}

/** What was found of the log's signature under a checkpoint. */
export type SignatureResult = "signed" | "unknown key" | "does not match";

/**
 * Checks the signature of the log, whose key is given as a byte string. The
 * name of the key must be the origin.
 */
export async function verifyCheckpoint(c: Checkpoint, vkey: string): Promise<SignatureResult> {
  const key = parseKey(vkey, typeEd25519);
  if (!key || key.name !== c.origin) return "unknown key";
  const [text, lines] = partsOf(c);
  if (!isNote(c.note, lines)) return "does not match";
  const ours = signatureOf(lines, key);
  return ours && (await verifyEd25519(key.key, bytesOf(text), ours)) ? "signed" : "does not match";
}

/** The text that is signed, and the lines behind it, which were read before. */
function partsOf(c: Checkpoint): [text: string, lines: Signature[]] {
  const i = c.note.indexOf("\n\n");
  return [c.note.slice(0, i + 1), signatureLines(c.note.slice(i + 2))!];
}

function signatureOf(lines: Signature[], key: Key): Uint8Array<ArrayBuffer> | undefined {
  const line = lines.find((s) => s.name === key.name && byteString(s.bytes.subarray(0, 4)) === key.hash);
  return line?.bytes.slice(4);
}

/** What a witness says of a checkpoint. */
export interface Sighting {
  name: string; // a byte string
  result: "seen" | "not seen" | "not a key" | "does not match";
  at: bigint; // when seen, in seconds since 1970
}

/** Looks for the cosignature of a witness (c2sp.org/tlog-cosignature), whose key is given as a byte string. */
export async function witnessed(c: Checkpoint, vkey: string): Promise<Sighting> {
  const key = parseKey(vkey, typeCosignature);
  if (!key || vkey !== `${key.name}+${hex(bytesOf(key.hash))}+${btoa(typeCosignature + byteString(key.key))}`) return { name: vkey, result: "not a key", at: 0n };
  const [text, lines] = partsOf(c);
  const cosignature = signatureOf(lines, key);
  if (!cosignature) return { name: key.name, result: "not seen", at: 0n };
  const at = BigInt("0x0" + hex(cosignature.subarray(0, 8)));
  const signed = bytesOf(`cosignature/v1\ntime ${at}\n${text}`);
  const valid = cosignature.length === 72 && at < 1n << 63n && (await verifyEd25519(key.key, signed, cosignature.slice(8)));
  return { name: key.name, result: valid ? "seen" : "does not match", at };
}

const maxSignatures = 100;

/** The form of signed notes, beyond what a checkpoint must have anyway. */
function isNote(note: string, lines: Signature[]): boolean {
  if (textOf(note) === undefined || /[\0-\t\v-\x1f]/.test(note)) return false;
  if (lines.length === 0 || lines.length > maxSignatures) return false;
  return lines.every((s) => isName(s.name) && s.bytes.length >= 5);
}
