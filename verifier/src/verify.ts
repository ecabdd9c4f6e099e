// The check of one item with its proof file: docs/archive-format.md, section 8.
// It says the same as package proof, in the same order and the same words.

import { byteString, bytesOf, equal, hex, utf8 } from "./bytes";
import { verifyCheckpoint } from "./checkpoint";
import { parseCommitment, parseItem, parseProof, type Commitment, type Item, type Logged, type ProofFile } from "./proof";
import { sha256, type Digest } from "./sha256";
import { leafHash, rootOfPath, segmentTree } from "./tree";

/**
 * How a check ended. Only "matches" is a pass. "key not known" and "signature
 * not checked" say that everything holds up to the log's signature.
 */
export type Result = "matches" | "key not known" | "signature not checked" | "does not match" | "not a proof file";

/** What a proof file shows of the content it was checked with. */
export interface Statement {
  origin: string;
  item: Item;
  kind: string;
  commitment: Commitment;
  itemIndex: bigint; // of its entry in the log
  commitmentIndex: bigint;
  logSize: bigint;
}

export interface Outcome {
  result: Result;
  cause: string; // what is wrong, else empty
  statement?: Statement; // unless something does not match
}

/**
 * Checks content against a proof file. logKey is the key of the log as its
 * publisher writes it (name+hash+base64), from a source that the caller trusts.
 */
export async function verify(proof: Uint8Array, content: Uint8Array, logKey: string): Promise<Outcome> {
  const file = parseProof(byteString(proof));
  if (typeof file === "string") return { result: "not a proof file", cause: file };
  const item = parseItem(file.item.entry);
  if (!item) return mismatch("not an item entry in canonical form");
  const commitment = parseCommitment(file.commitment.entry);
  if (!commitment) return mismatch("not a commitment entry in canonical form");
  const cause = logCause(file) ?? contentCause(file, item, commitment, content);
  if (cause !== undefined) return mismatch(cause);
  const statement = {
    origin: file.checkpoint.origin,
    item,
    kind: file.opening.kind,
    commitment,
    itemIndex: file.item.index,
    commitmentIndex: file.commitment.index,
    logSize: file.checkpoint.size,
  };
  switch (await verifyCheckpoint(file.checkpoint, utf8(logKey))) {
    case "signed":
      return { result: "matches", cause: "", statement };
    case "unknown key":
      return { result: "key not known", cause: "signed with a key not known to you", statement };
    case "not checked":
      return { result: "signature not checked", cause: "log signature not checked by this browser", statement };
    default:
      return mismatch("signature of the checkpoint");
  }
}

function mismatch(cause: string): Outcome {
  return { result: "does not match", cause };
}

/** Why the entries do not stand in the log that the checkpoint states, if so. */
function logCause(f: ProofFile): string | undefined {
  const cause = loggedCause("item entry", f, f.item) ?? loggedCause("commitment entry", f, f.commitment);
  if (cause) return cause;
  return f.commitment.index >= f.item.index ? "the commitment stands behind the item in the log" : undefined;
}

function loggedCause(what: string, f: ProofFile, e: Logged): string | undefined {
  return pathCause(what, e.path, f.checkpoint.size, f.checkpoint.root, e.index, leafHash(bytesOf(e.entry)));
}

function pathCause(what: string, path: Digest[], size: bigint, root: Digest, index: bigint, leaf: Digest): string | undefined {
  if (index < 0n || index >= size) return `${what}: index ${index} in a tree of ${size}`;
  const found = rootOfPath(path, size, index, leaf);
  return found && equal(found, root) ? undefined : `${what}: not in the tree`;
}

const rule = "unseal-words-1";

/** Why content is not what was logged and committed to, if so. */
function contentCause(f: ProofFile, item: Item, fixed: Commitment, content: Uint8Array): string | undefined {
  const sum = sha256(content);
  if (!equal(sum, item.sha256)) {
    return `the bytes have SHA-256 ${hex(sum)}, the log entry of ${item.collection}/${item.number} says ${hex(item.sha256)}`;
  }
  if (item.collection !== fixed.collection) return "item and commitment are not of one collection and rule";
  const index = BigInt(item.number) - BigInt(fixed.first);
  const leaf = itemCommitment(f, item, fixed, content);
  return pathCause("commitment of the item", f.place, BigInt(fixed.count), fixed.root, index, leaf) ?? treeCause(f, fixed, content);
}

/** The commitment that follows from content by its salted digest: the fast half. */
function itemCommitment(f: ProofFile, item: Item, fixed: Commitment, content: Uint8Array): Digest {
  const o = f.opening;
  const lines = [
    "unseal-item/1",
    f.checkpoint.origin,
    item.collection,
    item.number,
    hex(sha256(o.salt, content)),
    hex(o.root),
    o.segments,
    fixed.rule,
    o.kind,
  ];
  return leafHash(bytesOf(lines.map((line) => line + "\n").join("")));
}

/** The deep half: the tree of segments is of the same bytes. */
function treeCause(f: ProofFile, fixed: Commitment, content: Uint8Array): string | undefined {
  if (fixed.rule !== rule) return "segmentation rule is not known to this version";
  const o = f.opening;
  const { root, segments } = segmentTree(content, o.seed);
  if (!equal(root, o.root)) return `tree of segments: root ${hex(root).slice(0, 8)}, opening states ${hex(o.root).slice(0, 8)}`;
  if (segments !== o.segments) return `tree of segments: ${segments} segments, opening states ${o.segments}`;
  return undefined;
}
