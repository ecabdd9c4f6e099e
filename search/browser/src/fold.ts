// The analysis chain of search/fold.go and search/scan.go: texts and queries
// become folded words. Vectors made by the Go code hold it to that
// (fold_test.go).

/** What folding makes of a character: its folded text, or one of the classes. */
type Folded = string | 0 | 1;

/** The character ends a word. */
const parts = 0;
/** The character is Chinese, Japanese or Korean, folded in pairs. */
const pairs = 1;

const wordSign = /^[\p{L}\p{N}\p{M}]$/u;
const letter = /^\p{L}$/u;
const nonspacing = /^\p{Mn}$/u;
const stripped = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]$/u;

function within(c: number, ...ranges: number[]): boolean {
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    if (c >= ranges[i]! && c <= ranges[i + 1]!) return true;
  }
  return false;
}

/** Whether a character leaves no trace: marks, tatweel, invisible controls. */
export function dropped(c: number): boolean {
  if (within(c, 0x0300, 0x036f, 0x0483, 0x0489, 0x1ab0, 0x1aff, 0x1dc0, 0x1dff, 0x20d0, 0x20ff, 0xfe00, 0xfe0f, 0xfe20, 0xfe2f)) return true;
  if (within(c, 0x0610, 0x061a, 0x064b, 0x065f, 0x0670, 0x0670) || (within(c, 0x08ca, 0x08ff) && c !== 0x08e2)) return true;
  if (within(c, 0x06d6, 0x06ed)) return nonspacing.test(String.fromCodePoint(c));
  return within(c, 0x0640, 0x0640, 0x00ad, 0x00ad, 0x061c, 0x061c, 0x200b, 0x200b, 0x200d, 0x200f, 0x202a, 0x202e, 0x2060, 0x2064, 0x2066, 0x206f, 0xfeff, 0xfeff);
}

/** Whether a character is Chinese, Japanese or Korean. */
export function paired(c: number): boolean {
  if (c < 0x1100) return false;
  const written = within(
    c, 0, 0x11ff, 0x3005, 0x3007, 0x3041, 0x3096, 0x309d, 0x309f, 0x30a1, 0x30fa, 0x30fc, 0x318e, 0x31a0, 0x31bf, 0x31f0, 0x31ff,
    0x3400, 0x4dbf, 0x4e00, 0x9fff, 0xa960, 0xa97c, 0xac00, 0xd7fb, 0xf900, 0xfaff, 0xff66, 0xff9d, 0xffa1, 0xffdc, 0x20000, 0x3ffff,
  );
  return written && (c === 0x3007 || letter.test(String.fromCodePoint(c)));
}

/** Whether a character is one of the signs written for an apostrophe. */
export function apostrophe(c: number): boolean {
  return within(c, 0x27, 0x27, 0x2018, 0x2019, 0x201b, 0x201b, 0x2bc, 0x2bc, 0x2b9, 0x2b9, 0xff07, 0xff07, 0x2032, 0x2032);
}

/** Letters that stand for base letters without Unicode decomposing them. */
const plain = new Map(
  Object.entries({
    ß: "ss", ẞ: "ss", æ: "ae", Æ: "ae", œ: "oe", Œ: "oe", ø: "o", Ø: "o", ł: "l", Ł: "l", đ: "d", Đ: "d", ð: "d", Ð: "d", þ: "th", Þ: "th",
    ħ: "h", Ħ: "h", ı: "i", ŋ: "n", Ŋ: "n", ŧ: "t", Ŧ: "t", ĸ: "k", ς: "σ", "\u0671": "\u0627",
    "\u06a9": "\u0643", "\u06cc": "\u064a", "\u06c1": "\u0647", "\u06c0": "\u0647",
  }),
);

/** Folds one character of a word. */
function expand(c: number): string {
  const s = String.fromCodePoint(c);
  const known = plain.get(s);
  if (known !== undefined) return known;
  if (within(c, 0x4e00, 0x9fff, 0x3041, 0x30fe, 0xac00, 0xd7a3)) return s;
  let out = "";
  for (const k of s.normalize("NFKC")) for (const d of strip(k)) out += base(d);
  return out;
}

/** Takes the marks off a letter of the scripts that lose them. */
function strip(s: string): string {
  if (stripped.test(s)) return s.normalize("NFKD");
  return s === "\u0623" || s === "\u0625" || s === "\u0622" ? "\u0627" : s;
}

function base(s: string): string {
  const lower = String.fromCodePoint(s.toLowerCase().codePointAt(0)!);
  const known = plain.get(lower);
  if (known !== undefined) return known;
  const c = lower.codePointAt(0)!;
  if (dropped(c) || apostrophe(c) || !wordSign.test(lower)) return "";
  if (within(c, 0x660, 0x669)) return String(c - 0x660);
  if (within(c, 0x6f0, 0x6f9)) return String(c - 0x6f0);
  return lower;
}

function classify(c: number): Folded {
  if (dropped(c)) return "";
  if (paired(c)) return pairs;
  if (apostrophe(c) || !wordSign.test(String.fromCodePoint(c))) return parts;
  const s = expand(c);
  for (const k of s) if (paired(k.codePointAt(0)!)) return parts;
  return s;
}

const known = new Map<number, Folded>();

function foldOf(c: number): Folded {
  let f = known.get(c);
  if (f === undefined) known.set(c, (f = classify(c)));
  return f;
}

/** For vectors: the class of a character as one letter, and what it folds to. */
export function vector(c: number): string {
  const f = foldOf(c);
  return f === parts ? "b" : f === pairs ? "p" + expand(c) : "w" + f;
}

/** A folded word, and where it stands: start and end are places in the string. */
export type Token = {
  word: string;
  start: number;
  end: number;
  /** Its place: words side by side differ by one. */
  at: number;
  /** A single character among other CJK: its pairs say more. */
  inRun: boolean;
};

/** Where long words are cut, in bytes of UTF-8. */
const maxWord = 120;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function cut(w: string): string {
  if (3 * w.length <= maxWord) return w;
  const b = encoder.encode(w);
  if (b.length <= maxWord) return w;
  let n = maxWord;
  while ((b[n]! & 0xc0) === 0x80) n--;
  return decoder.decode(b.subarray(0, n));
}

/** Cuts a text, which must be in form C, into folded words. */
export function scan(text: string): Token[] {
  const out: Token[] = [];
  let [i, start, next] = [0, 0, 0];
  let buf = "";
  let cjk = false;
  const emit = (end: number): void => {
    out.push({ word: cut(buf), start, end, at: next++, inRun: false });
    buf = "";
    cjk = false;
  };
  const emitSingle = (c: number, end: number): void => {
    const one = expand(c) || String.fromCodePoint(c);
    const after = text.codePointAt(end);
    const follows = after !== undefined && foldOf(after) === pairs;
    out.push({ word: one, start, end, at: next, inRun: cjk || follows });
    if (follows) out.push({ word: one + expand(after), start, end: end + String.fromCodePoint(after).length, at: next, inRun: false });
    cjk = true;
    next++;
  };
  while (i < text.length) {
    const c = text.codePointAt(i)!;
    const size = c > 0xffff ? 2 : 1;
    const f = foldOf(c);
    if (buf === "") start = i;
    if (f === pairs && buf === "") {
      emitSingle(c, i + size);
    } else if (f === pairs || (f === parts && buf !== "" && !apostrophe(c))) {
      emit(i);
      continue;
    } else if (f === parts) {
      if (buf !== "") buf = elide(buf, text, i + size);
      if (buf !== "" && !buf.endsWith("'")) {
        emit(i);
        continue;
      }
      cjk = false;
    } else {
      buf += f;
    }
    i += size;
  }
  if (buf !== "") emit(i);
  return out;
}

/** The articles and particles that French and Italian shorten before a vowel. */
const elided = new Set("l d j m t s n c qu jusqu lorsqu puisqu quoiqu gl un dell all nell dall sull coll quest quell".split(" "));

/** What becomes of the word w before an apostrophe that ends at i. */
function elide(w: string, text: string, i: number): string {
  if (w.length > 7 || !letterFirst(text, i)) return w;
  if (w === "aujourd" && text.slice(i, i + 3).toLowerCase() === "hui" && !letterFirst(text, i + 3)) return w + "'";
  return elided.has(w) && !possessive(text, i) ? "" : w;
}

function possessive(text: string, i: number): boolean {
  return (text[i] === "s" || text[i] === "S") && !letterFirst(text, i + 1);
}

function letterFirst(text: string, i: number): boolean {
  const c = text.codePointAt(i);
  if (c === undefined) return false;
  const f = foldOf(c);
  return typeof f === "string" && f !== "";
}

/** Folds as words are folded and keeps all that parts words. */
export function fold(s: string): string {
  let out = "";
  for (const k of s.normalize("NFC")) {
    const c = k.codePointAt(0)!;
    const f = foldOf(c);
    out += f === parts ? String.fromCodePoint(wide(c)) : f === pairs ? expand(c) : f;
  }
  return out;
}

/** Maps full-width signs to ASCII. */
export function wide(c: number): number {
  return c >= 0xff01 && c <= 0xff5e ? c - 0xff01 + 0x21 : c;
}
