// The fields of the query language: search/fields.go.

/** How the value of a field is read. */
export type FieldKind = "text" | "date" | "number" | "value";

/** What a field name in a query stands for. */
export type Spec = { field: string; kind: FieldKind; op: string; needs: string };

const who = "a name or an address";
const day = "a day, month or year";

const table: [FieldKind, string, string, ...string[]][] = [
  ["text", who, "from", "f"],
  ["text", who, "to", "t", "tc"],
  ["text", who, "cc", "c"],
  ["text", who, "bcc"],
  ["text", who, "with", "a"],
  ["text", who, "person"],
  ["text", "a word", "subject", "s", "title"],
  ["text", "a word", "body", "b"],
  ["text", "a word", "own", "nq"],
  ["text", "a word", "quoted", "q"],
  ["text", "a word", "bs"],
  ["text", "a file name", "filename", "n", "attachment"],
  ["date", day, "date", "d", "on"],
  ["date", day, "published"],
  ["value", "attachment, transcript or translation", "has"],
  ["value", "a kind of item or file", "type", "mimetype", "kind"],
  ["value", "a file name extension", "ext"],
  ["number", "a number", "no", "document"],
  ["value", "a Message-ID", "msgid", "rfc822msgid", "id", "m"],
  ["value", "the name of a thread", "thread"],
  ["value", "8 hex digits or more", "sha256"],
  ["value", "the name of a collection", "in"],
  ["number", "a number", "batch"],
  ["value", "a language tag", "lang"],
  ["value", "a state", "is"],
  ["value", "the word no", "also"],
];

/** Every name of a field, with its meaning. */
export const fields: Map<string, Spec> = (() => {
  const m = new Map<string, Spec>();
  for (const [kind, needs, field, ...names] of table) {
    for (const name of [field, ...names]) m.set(name, { field, kind, op: "", needs });
  }
  for (const [name, op] of Object.entries({ after: ">=", newer: ">=", before: "<", older: "<" })) {
    m.set(name, { field: "date", kind: "date", op, needs: day });
  }
  return m;
})();

/** How a bare word is read. */
export const bare: Spec = { field: "", kind: "text", op: "", needs: "" };

export const states = ["valid", "kept-key", "unchecked", "unsigned", "mismatch", "redacted", "signed", "withdrawn", "new"];
export const having = ["attachment", "transcript", "translation"];

const schemes = new Set(["http", "https", "ftp", "mailto", "tel", "urn", "file", "news", "re", "fw", "fwd", "aw", "sv"]);

/** Whether name:value is ordinary text, so that no note is due. */
export function plainlyNoField(name: string, value: string): boolean {
  return name < "A" || schemes.has(name.toLowerCase()) || value === "" || /^[/:\\]/.test(value);
}

/** The canonical field that a mistyped name is closest to, or nothing. */
export function nearestField(name: string): string {
  let [best, at] = ["", 3];
  for (const [n, spec] of fields) {
    if (n.length < 2 || spec.field === "also") continue;
    const d = distance([...name], [...n]);
    if (d < at || (d === at && d < 3 && n < best)) [best, at] = [n, d];
  }
  return at >= name.length ? "" : best;
}

/** The edits between two words: insert, delete, replace, swap neighbours, none edited twice. */
export function distance(a: readonly string[], b: readonly string[]): number {
  let [prev2, prev, cur] = [0, 0, 0].map(() => new Array<number>(b.length + 1).fill(0)) as [number[], number[], number[]];
  for (let j = 0; j <= b.length; j++) prev[j] = j;
  for (let i = 0; i < a.length; i++) {
    cur[0] = i + 1;
    for (let j = 0; j < b.length; j++) {
      const same = a[i] === b[j] ? 0 : 1;
      cur[j + 1] = Math.min(prev[j]! + same, prev[j + 1]! + 1, cur[j]! + 1);
      if (i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j]) cur[j + 1] = Math.min(cur[j + 1]!, prev2[j - 1]! + 1);
    }
    [prev2, prev, cur] = [prev, cur, prev2];
  }
  return prev[b.length]!;
}
