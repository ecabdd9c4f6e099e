// The page: takes an item, its proof, keys and a sender's key, and says what
// was found, in the words of `unseal verify`. It sends nothing and keeps nothing.

import { bytesOf, hex, utf8 } from "./bytes";
import { examine } from "./dkim";
import { keysFor, maxKeyFile } from "./keyfile";
import { Keys } from "./keys";
import { maxProof } from "./proof";
import { proofRows, senderRows, verdicts, type Row } from "./report";
import { sha256 } from "./sha256";
import { verify, type Outcome, type Result } from "./verify";

export { examine, Keys, keysFor, verify };
export { verifyByNumbers } from "./curve";

/** The greatest item that this page checks: the limit of a message. */
const maxItem = 64 << 20;

function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

type Look = "ok" | "warn" | "bad" | "";

const notShown = "It does not show who typed it, whether the set is complete, or whether it is true.";

/** How each result looks, and what is said of it. */
const answers: Record<Result, { look: Look; heading: string; next: string }> = {
  matches: { look: "ok", heading: "Matches", next: notShown },
  "key not known": {
    look: "warn",
    heading: "A key not known to you",
    next: "The proof holds up to the log\u2019s signature, whose key is not known to you. Next: give the log key, from a source you trust.",
  },
  "does not match": {
    look: "bad",
    heading: "Does not match",
    next: "These bytes and this proof do not belong together, or one of them was altered. Nothing is shown by them.",
  },
  "not a proof file": {
    look: "bad",
    heading: "Does not match",
    next: "The proof is not in the form of a proof file, or it was altered. Nothing is shown by it.",
  },
};

/** A panel with a heading, rows of facts and a sentence; values are text, never markup. */
function panel(look: Look, heading: string, rows: Row[], next: string): HTMLElement {
  const e = document.createElement("div");
  e.className = "panel " + look;
  append(e, "h2", heading);
  const list = append(e, "dl", "");
  for (const [name, ...values] of rows) {
    append(list, "dt", name);
    for (const value of values) append(append(list, "dd", ""), "bdi", visible(value));
  }
  if (rows.length === 0) list.remove();
  append(e, "p", next);
  return e;
}

/** Shows what would be hidden, or turn the direction of what follows: invoice[U+202E]fdp.exe is an old trick. */
function visible(s: string): string {
  const hidden = /[\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
  return s.replace(hidden, (c) => `[U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

function show(...panels: HTMLElement[]): void {
  element("answer").replaceChildren(...panels);
}

function append(to: HTMLElement, tag: string, text: string): HTMLElement {
  const e = document.createElement(tag);
  e.textContent = text;
  to.append(e);
  return e;
}

/** What a reader should do first. */
class Problem extends Error {
  constructor(
    message: string,
    readonly rows: Row[] = [],
  ) {
    super(message);
  }
}

/** The file of an input, if one is chosen. */
function chosen(id: string, what: string, max: number): File | undefined {
  const file = element<HTMLInputElement>(id).files?.[0];
  if (file && file.size > max) {
    throw new Problem(`It is too large to be ${what} for this page: ${max} bytes at most. The program unseal has no such limit.`, [["file", file.name]]);
  }
  return file;
}

async function bytes(file: File): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.arrayBuffer());
}

function typed(id: string): string {
  return element<HTMLInputElement>(id).value.trim();
}

async function check(): Promise<void> {
  const item = chosen("file", "the file of an item", maxItem);
  if (!item) throw new Problem("Choose the file of an item.");
  const proof = chosen("proof", "its proof file", maxProof);
  const keys = chosen("keys", "a file of keys", maxKeyFile);
  if (!proof && !item.name.toLowerCase().endsWith(".eml") && !keys && typed("record") === "") throw new Problem("Choose its proof file.");
  show(panel("", "Checking\u2026", [], ""));
  await new Promise((painted) => setTimeout(painted, 20));
  const content = await bytes(item);
  const file: Row[] = [
    ["file", `${item.name}, ${content.length} bytes`],
    ["sha256", hex(sha256(content))],
  ];
  const outcome = proof && (await verify(await bytes(proof), content, typed("key"), typed("witness").split(/\s+/).filter(Boolean)));
  if (!outcome) show(await senderPanel(content, keys, file));
  else if (outcome.statement && outcome.statement.kind !== "mail") show(proofPanel(outcome, file));
  else if (outcome.statement?.hidden.length) show(proofPanel(outcome, file), redactedPanel());
  else show(proofPanel(outcome, file), await senderPanel(content, keys, []));
}

function proofPanel(outcome: Outcome, file: Row[]): HTMLElement {
  const { look, heading, next } = answers[outcome.result];
  return panel(look, heading, [...file, ...proofRows(outcome)], next);
}

function redactedPanel(): HTMLElement {
  const next =
    "Parts are hidden, so that the sender\u2019s signature cannot be checked here. The log holds a commitment to the original, made before anything was published. " +
    "What the signature of the original showed, the publisher states on the item\u2019s page.";
  return panel("warn", "Redacted copy", [], next);
}

/** The panel on the sender's signature, which stands apart from the proof. */
async function senderPanel(content: Uint8Array, file: File | undefined, rows: Row[]): Promise<HTMLElement> {
  const where = file?.name ?? "pasted on this page";
  const given = file ? await bytes(file) : bytesOf(utf8(typed("record")));
  const keys = given.length > 0 ? await keysFor(content, given, utf8(where)) : new Keys();
  const e = await examine(content, typeof keys === "string" ? new Keys() : keys, Date.now() / 1000);
  const { look, heading, next } = verdicts[e.verdict];
  const wrong: Row[] = typeof keys === "string" ? [["sender\u2019s key", `${where}: ${keys}`]] : [];
  return panel(look, heading, [...rows, ...wrong, ...senderRows(e)], next);
}

async function answer(): Promise<void> {
  try {
    await check();
  } catch (e) {
    if (e instanceof Problem) show(panel("bad", "There is a problem", e.rows, e.message));
    else show(panel("bad", "There is a problem", [], "Not checked: " + String(e)));
  }
}

/** Puts dropped files where their names say. */
function drop(files: FileList): void {
  for (const file of files) {
    const id = /\.proof$/i.test(file.name) ? "proof" : /\.(txt|json|ndjson|zone|key)$/i.test(file.name) ? "keys" : "file";
    const one = new DataTransfer();
    one.items.add(file);
    element<HTMLInputElement>(id).files = one.files;
  }
}

element<HTMLFormElement>("form").addEventListener("submit", (event) => {
  event.preventDefault();
  void answer();
});

addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  const onInput = event.target instanceof HTMLInputElement && event.target.type === "file";
  if (onInput || !event.dataTransfer?.files.length) return;
  event.preventDefault();
  drop(event.dataTransfer.files);
});
