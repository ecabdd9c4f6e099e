// The check of one item with its proof file: docs/archive-format.md, section 8.
// It says the same as package proof, in the same order and the same words.

import { byteString, bytesOf, equal, hex, utf8 } from "./bytes";
import { verifyCheckpoint, witnessed, type Sighting } from "./checkpoint";
import { entriesOf, isRendition, parseProof, rule, type Commitment, type Hidden, type Item, type ProofFile } from "./proof";
import { rootOfRendition } from "./rendition";
import { sha256, type Digest } from "./sha256";
import { leafHash, rootOfPath, segmentTree } from "./tree";

/**
 * How a check ended. Only "matches" is a pass. "key not known" says that
 * everything holds up to the log's signature.
 */
export type Result = "matches" | "key not known" | "does not match" | "not a proof file";

/** What a proof file shows of the content it was checked with. */
export interface Statement {
  origin: string;
  item: Item;
  itemIndex: bigint; // of its entry in the log
  kind: string;
  segments: number; // of the item
  hidden: Hidden[]; // what of it is not shown
  commitment: Commitment;
  commitmentIndex: bigint;
  root: Digest; // of the collection
  logSize: bigint;
  seen: Sighting[]; // by witnesses whose keys were given
}

export interface Outcome {
  result: Result;
  cause: string; // what is wrong, else empty
  statement?: Statement; // unless something does not match
}

/**
 * Checks content against a proof file. logKey is the key of the log as its
 * publisher writes it (name+hash+base64), from a source that the caller trusts,
 * and so are those of witnesses.
 */
export async function verify(proof: Uint8Array, content: Uint8Array, logKey: string, witnessKeys: string[] = []): Promise<Outcome> {
  const f = parseProof(byteString(proof));
  if (typeof f === "string") return { result: "not a proof file", cause: f };
  const opened = open(f, content);
  if (typeof opened === "string") return mismatch(opened);
  const index = BigInt(f.item.number - f.commitment.first);
  const root = rootOf(f.place, BigInt(f.commitment.count), index, opened.leaf);
  if (!root) return mismatch("the path from the item's commitment is not one");
  const cause = logCause(f, root);
  if (cause !== undefined) return mismatch(cause);
  const signature = await verifyCheckpoint(f.checkpoint, utf8(logKey));
  if (signature === "does not match") return mismatch("signature of the checkpoint");
  const seen = await Promise.all(witnessKeys.map((key) => witnessed(f.checkpoint, utf8(key))));
  const wrong = seen.find((s) => s.result === "does not match");
  if (wrong) return mismatch("cosignature of a witness: " + wrong.name);
  const { item, itemIndex, kind, commitment, commitmentIndex, checkpoint } = f;
  const { segments, hidden } = opened;
  const statement = { origin: checkpoint.origin, item, itemIndex, kind, segments, hidden, commitment, commitmentIndex, root, logSize: checkpoint.size, seen };
  if (signature === "signed") return { result: "matches", cause: "", statement };
  return { result: "key not known", cause: "signed with a key not known to you", statement };
}

function mismatch(cause: string): Outcome {
  return { result: "does not match", cause };
}

/** The item's commitment, computed from what is shown of it; a string says what does not fit. */
function open(f: ProofFile, content: Uint8Array): { leaf: Digest; segments: number; hidden: Hidden[] } | string {
  const o = f.opening;
  if (f.commitment.rule !== rule) return "segmentation rule is not known to this version";
  const shown = sha256(o.salt, content);
  const wrong = `the bytes are not those of the log entry of ${f.item.collection}/${f.item.number}`;
  if (!equal(shown, f.item.shown)) return wrong;
  if (!isRendition(o)) {
    const { root, segments } = segmentTree(content, o.seed);
    return { leaf: itemCommitment(f, shown, root, segments), segments, hidden: [] };
  }
  const root = rootOfRendition(o, content);
  if (typeof root === "string") return "rendition: " + root;
  return { leaf: itemCommitment(f, o.salted, root, o.segments), segments: o.segments, hidden: o.hidden };
}

function itemCommitment(f: ProofFile, salted: Digest, root: Digest, segments: number): Digest {
  const lines = ["unseal-item/1", f.checkpoint.origin, f.item.collection, f.item.number, hex(salted), hex(root), segments, f.commitment.rule, f.kind];
  return leafHash(bytesOf(lines.map((line) => line + "\n").join("")));
}

/** Why the entries do not stand in the log that the checkpoint states, if so. */
function logCause(f: ProofFile, root: Digest): string | undefined {
  const entries = entriesOf(f, root);
  if (typeof entries === "string") return entries;
  const { size, root: logRoot } = f.checkpoint;
  const stands = (path: Digest[], index: bigint, entry: string) => {
    const found = rootOf(path, size, index, leafHash(bytesOf(entry)));
    return found !== undefined && equal(found, logRoot);
  };
  if (!stands(f.itemPath, f.itemIndex, entries.item)) return "item entry: not in the tree of the checkpoint";
  if (!stands(f.commitmentPath, f.commitmentIndex, entries.commitment)) {
    return "commitment entry, with the root that follows from the item: not in the tree of the checkpoint";
  }
  return f.commitmentIndex >= f.itemIndex ? "the commitment stands behind the item in the log" : undefined;
}

function rootOf(path: Digest[], size: bigint, index: bigint, leaf: Digest): Digest | undefined {
  return index < 0n || index >= size ? undefined : rootOfPath(path, size, index, leaf);
}
