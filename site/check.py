#!/usr/bin/env python3
"""Recomputes what a proof file of unseal says of the bytes of an item.

    python3 check.py mail-5205.eml mail-5205.proof [LOGKEY]

Only the standard library of Python 3.7 or later is used, and no network. The
bytes are cut into segments, each is hashed with its salt, and the way goes up
from there: the item's commitment, the root of the collection, the two entries
of the log, the root of the checkpoint. Every step is docs/archive-format.md of
unseal, written again. The log's signature is for another tool: the script
leaves what openssl needs in checkpoint.text, checkpoint.sig and log.pem.
"""
import base64, hashlib, json, re, sys

WORD = set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_'") | set(range(128, 256))
ENCODED = re.compile(rb"[A-Za-z0-9+/=]{40,}(\r?\n)?\Z")
MARKS = [b"[redacted]", b"[redacted]\n", b"[redacted]\r\n", b"W3JlZGFjdGVkXSAg", b"W3JlZGFjdGVkXSAg\n", b"W3JlZGFjdGVkXSAg\r\n"]


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def fail(why):
    sys.exit("DOES NOT MATCH: " + why)


def cut_words(line, whole):
    """Words, each with what follows it, at most 64 bytes."""
    p = 0
    while p < len(line):
        start, end = p, min(p + 64, len(line))
        while p < end and start == 0 and whole and line[p] not in WORD:
            p += 1
        while p < end and line[p] in WORD:
            p += 1
        while p < end and line[p] not in WORD:
            p += 1
        yield line[start:p]


def cut(piece, from_start=True, to_end=True):
    """The segments of a piece; a line that is not whole is never base64."""
    lines = piece.split(b"\n")
    lines = [l + b"\n" for l in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    for i, line in enumerate(lines):
        whole = (from_start or i > 0) and (to_end or line.endswith(b"\n"))
        if whole and ENCODED.match(line):
            for at in range(0, len(line), 1000):
                yield line[at:at + 1000]
        else:
            yield from cut_words(line, from_start or i > 0)


def split(n):
    return 1 << (n - 1).bit_length() - 1


class Tree:
    """The segments, with None for each that is hidden."""

    def __init__(self, segments, seeds, hashes):
        self.segments, self.seeds, self.hashes = segments, seeds, hashes
        self.open = [0]
        for s in segments:
            self.open.append(self.open[-1] + (s is not None))

    def node(self, first, n, seed=None):
        shown = self.open[first + n] - self.open[first]
        if seed is None and shown == n:
            seed = self.take("seeds", 16)
        elif seed is None and shown == 0:
            return self.take("hashes", 32)
        if n == 1:
            return sha(b"\0", seed, self.segments[first])
        k, both = split(n), sha(b"\2", seed) if seed is not None else None
        left = self.node(first, k, both and both[:16])
        return sha(b"\1", left, self.node(first + k, n - k, both and both[16:]))

    def take(self, name, size):
        b = getattr(self, name)
        setattr(self, name, b[size:])
        return b[:size] if len(b) >= size else fail("the proof has too few " + name)


def climb(leaf, index, size, path):
    """The root of a tree of that size, from a leaf and its path (RFC 9162, 2.1.3.2)."""
    fn, sn, at = index, size - 1, leaf
    for p in path:
        if sn == 0:
            fail("a path is too long")
        if fn & 1 or fn == sn:
            at = sha(b"\1", p, at)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            at = sha(b"\1", at, p)
        fn, sn = fn >> 1, sn >> 1
    return at if sn == 0 else fail("a path is too short")


def b64(s):
    return base64.b64decode(s, validate=True)


def path(line):
    b = b64(line.split(" ")[1])
    return [b[i:i + 32] for i in range(0, len(b), 32)]


def entry(**fields):
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def hexed(b):
    return b.hex() if any(b) else ""


def segments_of(shown, hidden):
    out, pos, start = [], 0, True
    for at, mark, first, count in hidden:
        out += cut(shown[pos:at], start, False)
        if not shown[at:].startswith(MARKS[mark]) or len(out) != first:
            fail("a redaction is not where the proof says")
        out += [None] * count
        pos, start = at + len(MARKS[mark]), MARKS[mark].endswith(b"\n")
    return out + list(cut(shown[pos:], start))


def main(item_file, proof_file, log_key=None):
    shown = open(item_file, "rb").read()
    head, note = open(proof_file, encoding="utf-8", newline="").read().split("\n\n", 1)
    form, item, item_path, commitment, commitment_path, opening, place = head.split("\n")
    if form != "unseal-proof/2":
        fail("not a proof file that this script reads")
    text = note.split("\n\n")[0] + "\n"
    origin, size, root = text.split("\n")[:3]

    _, item_at, collection, number, edition, batch, kind, digest = item.split(" ")
    _, commitment_at, k, first, count, time, rule, inventory, previous = commitment.split(" ")
    words = opening.split(" ")
    if words[0] == "redacted":
        hidden = [tuple(map(int, run.split(":"))) for run in words[4].split(",")]
        salted, salt, seeds, hashes = b64(words[2]), b64(words[3]), b64(words[5]), b64(words[6])
        segments = segments_of(shown, hidden)
        if len(segments) != int(words[1]):
            fail("the number of segments")
    else:
        hidden, seeds, hashes, salt = [], b64(words[1]), b"", b64(words[2])
        segments, salted = list(cut(shown)), sha(salt, shown)
    if sha(salt, shown) != b64(digest):
        fail("these bytes are not those that the log's entry is about")
    tree = Tree(segments, seeds, hashes)
    top = tree.node(0, len(segments), None if hidden else seeds) if segments else sha(b"")
    if hidden and tree.seeds + tree.hashes:
        fail("the proof has seeds or hashes too many")

    leaf = "\n".join(["unseal-item/1", origin, collection, number, salted.hex(), top.hex(), str(len(segments)), rule, kind, ""])
    collection_root = climb(sha(b"\0", leaf.encode()), int(number) - int(first), int(count), path(place))
    item_entry = entry(batch=int(batch), collection=collection, edition=int(edition), number=int(number), shown=b64(digest).hex(), type="item")
    commitment_entry = entry(collection=collection, count=int(count), first=int(first), inventory=hexed(b64(inventory)), k=int(k),
                             previous="" if previous == "-" else b64(previous).hex(), root=collection_root.hex(), rule=rule, time=time, type="commitment")
    for name, line, at, way in ("item", item_entry, item_at, item_path), ("commitment", commitment_entry, commitment_at, commitment_path):
        if climb(sha(b"\0", line), int(at), int(size), path(way)) != b64(root):
            fail("the %s's entry does not lead to the root of the checkpoint" % name)
    if int(commitment_at) >= int(item_at):
        fail("the commitment stands after the item")

    print("MATCHES: %s no. %s, edition %s, one of %s fixed on %s" % (collection, number, edition, count, time))
    if hidden:
        print("redacted: %d places, %d of %d segments" % (len(hidden), segments.count(None), len(segments)))
    print("entry %s of the log %s, which has %s entries and the root %s" % (item_at, origin, size, root))
    if log_key:
        name, key_id, key = log_key.split("+", 2)
        lines = [l.split(" ") for l in note.split("\n\n", 1)[1].split("\n")]
        sig = [b64(l[2])[4:] for l in lines if l[0] == "\u2014" and l[1] == name and b64(l[2])[:4].hex() == key_id]
        if not sig or name != origin:
            fail("the checkpoint is not signed with this key")
        der = bytes.fromhex("302a300506032b6570032100") + b64(key)[1:]
        for file, b in ("checkpoint.text", text.encode()), ("checkpoint.sig", sig[0]), \
                ("log.pem", b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der) + b"\n-----END PUBLIC KEY-----\n"):
            open(file, "wb").write(b)
        print("now: openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in checkpoint.text -sigfile checkpoint.sig")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.setrecursionlimit(10000)
    main(*sys.argv[1:])
