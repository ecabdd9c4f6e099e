// Bytes and text. A proof file is read as a *byte string*, in which every
// character stands for one byte, so that nothing is decoded before it is
// checked, and comparisons are those of bytes.

/** The byte string of b. */
export function byteString(b: Uint8Array): string {
  let s = "";
  for (let i = 0; i < b.length; i += 4096) s += String.fromCharCode(...b.subarray(i, i + 4096));
  return s;
}

/** The bytes of a byte string. */
export function bytesOf(s: string): Uint8Array<ArrayBuffer> {
  const b = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) b[i] = s.charCodeAt(i);
  return b;
}

/** The text of a byte string in UTF-8, or undefined if it is none. */
export function textOf(s: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(s));
  } catch {
    return undefined;
  }
}

/** The byte string of a text in UTF-8. */
export function utf8(text: string): string {
  return byteString(new TextEncoder().encode(text));
}

/** RFC 4648 section 4, in the one form that encoding gives; else undefined. */
export function base64(s: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(s) || s.length % 4 !== 0) return undefined;
  const decoded = atob(s);
  return btoa(decoded) === s ? bytesOf(decoded) : undefined;
}

export function hex(b: Uint8Array): string {
  let s = "";
  for (const c of b) s += c.toString(16).padStart(2, "0");
  return s;
}

/** The bytes that an even number of hex digits stands for. */
export function hexBytes(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((c, i) => c === b[i]);
}

/** What stands before and behind the first sep, or undefined without one. */
export function cut(s: string, sep: string): [string, string] | undefined {
  const i = s.indexOf(sep);
  return i < 0 ? undefined : [s.slice(0, i), s.slice(i + sep.length)];
}

const maxInt64 = 2n ** 63n - 1n;

/** A number from 0 to 2^63-1 in decimal, without leading zeros; else undefined. */
export function wholeNumber(s: string): bigint | undefined {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(s)) return undefined;
  const n = BigInt(s);
  return n <= maxInt64 ? n : undefined;
}

// Trimming by patterns takes quadratic time on a long run that is not at the end.

/** s without the characters of set at its beginning. */
export function trimStart(s: string, set: string): string {
  let from = 0;
  while (from < s.length && set.includes(s[from]!)) from++;
  return s.slice(from);
}

/** s without the characters of set at its end. */
export function trimEnd(s: string, set: string): string {
  let end = s.length;
  while (end > 0 && set.includes(s[end - 1]!)) end--;
  return s.slice(0, end);
}
