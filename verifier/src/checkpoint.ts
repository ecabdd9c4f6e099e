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
const space = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

function isName(name: string): boolean {
  const text = textOf(name);
  return text !== undefined && text !== "" && !space.test(text) && !text.includes("+");
}

/** A key of a log: whose, and the first four bytes of the hash that its signatures name. */
interface Key {
  name: string;
  hash: string;
  key: Uint8Array<ArrayBuffer>;
}

const algorithmEd25519 = "\x01";

/** Reads a key of the form name+hash+base64; undefined if it is none. */
function parseKey(vkey: string): Key | undefined {
  const [name, rest] = cut(vkey, "+") ?? ["", ""];
  const [hash, encoded] = cut(rest, "+") ?? ["", ""];
  const bytes = base64(encoded.replace(/[\r\n]/g, ""));
  if (!isName(name) || bytes?.length !== 33) return undefined;
  const key = byteString(bytes);
  const sum = sha256(bytesOf(name + "\n" + key)).subarray(0, 4);
  if (hash.toLowerCase() !== hex(sum) || key[0] !== algorithmEd25519) return undefined;
  return { name, hash: byteString(sum), key: bytes.slice(1) };
}

/** What was found of the log's signature under a checkpoint. */
export type SignatureResult = "signed" | "unknown key" | "not checked" | "does not match";

/**
 * Checks the signature of the log, whose key is given as a byte string. The
 * name of the key must be the origin. "not checked" says that this browser has
 * no Ed25519; nothing else is left open then.
 */
export async function verifyCheckpoint(c: Checkpoint, vkey: string): Promise<SignatureResult> {
  const key = parseKey(vkey);
  if (!key || key.name !== c.origin) return "unknown key";
  const i = c.note.indexOf("\n\n");
  const lines = signatureLines(c.note.slice(i + 2));
  if (!lines || !isNote(c.note, lines)) return "does not match";
  const ours = lines.find((s) => s.name === key.name && byteString(s.bytes.subarray(0, 4)) === key.hash);
  if (!ours) return "does not match";
  const valid = await verifyEd25519(key.key, bytesOf(c.note.slice(0, i + 1)), ours.bytes.slice(4));
  if (valid === undefined) return "not checked";
  return valid ? "signed" : "does not match";
}

const maxSignatures = 100;

/** The form of signed notes, beyond what a checkpoint must have anyway. */
function isNote(note: string, lines: Signature[]): boolean {
  if (textOf(note) === undefined || /[\0-\t\v-\x1f]/.test(note)) return false;
  if (lines.length === 0 || lines.length > maxSignatures) return false;
  return lines.every((s) => isName(s.name) && s.bytes.length >= 5);
}
