// Canonical forms of RFC 6376 section 3.4. Archives often store mail with bare
// LF line ends; every line end counts as CRLF here (section 5.3: what was
// signed had CRLF).

const tab = 0x09;
const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;

/** One header field in canonical form, without the final CRLF; raw is the whole field as it stands. */
export function canonicalHeader(raw: string, relaxed: boolean): string {
  if (!relaxed) return lines(raw); // section 3.4.1: nothing changes, but for the line ends of storage
  // Section 3.4.2: name in lower case, unfolded, runs of white space as one
  // space, none at the ends and around the colon. A line that was taken for
  // folded though it lacks the white space is not unfolded.
  const colon = raw.indexOf(":");
  const name = raw.slice(0, colon).replace(/[ \t\r\n]+$/, "");
  const value = lines(raw.slice(colon + 1)).replace(/\r\n[ \t]/g, " ");
  return name.toLowerCase() + ":" + reduced(value.replace(/^[ \t]+/, ""));
}

/** The lines of s with CRLF between them. */
function lines(s: string): string {
  return s.replace(/\r?\n/g, "\r\n").replace(/\r\n$/, "");
}

function reduced(s: string): string {
  return s.replace(/[ \t]+/g, " ").replace(/ $/, "");
}

/** The whole canonical body: section 3.4.3, or 3.4.4 when relaxed. */
export function canonicalBody(body: Uint8Array, relaxed: boolean): Uint8Array {
  const out = new Uint8Array(body.length + 2 + count(body, newline));
  let used = 0;
  let end = 0; // of the last line that is not empty
  for (let pos = 0; pos < body.length; ) {
    const found = body.indexOf(newline, pos);
    const next = found < 0 ? body.length : found + 1;
    let to = found < 0 ? next : found;
    if (found > pos && body[to - 1] === carriageReturn) to--;
    const from = used;
    used = relaxed ? copyReduced(out, used, body, pos, to) : copy(out, used, body, pos, to);
    const empty = used === from;
    out[used++] = carriageReturn;
    out[used++] = newline;
    if (!empty) end = used;
    pos = next;
  }
  if (end === 0 && !relaxed) return new Uint8Array([carriageReturn, newline]); // section 3.4.3: an empty body is one CRLF; 3.4.4: it is empty
  return out.subarray(0, end);
}

function copy(out: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  out.set(from.subarray(start, end), at);
  return at + end - start;
}

/** Copies a line with runs of white space as one space and none at the end. */
function copyReduced(out: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  let gap = false;
  for (let i = start; i < end; i++) {
    const c = from[i]!;
    if (c === space || c === tab) {
      gap = true;
      continue;
    }
    if (gap) out[at++] = space;
    gap = false;
    out[at++] = c;
  }
  return at;
}

function count(b: Uint8Array, c: number): number {
  let n = 0;
  for (let i = b.indexOf(c); i >= 0; i = b.indexOf(c, i + 1)) n++;
  return n;
}

/** Whether a line ends in LF without CR. */
export function hasBareLF(b: Uint8Array): boolean {
  for (let i = b.indexOf(newline); i >= 0; i = b.indexOf(newline, i + 1)) if (b[i - 1] !== carriageReturn) return true;
  return false;
}
