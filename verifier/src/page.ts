// The page: takes two files and a key, and says what verify found, in the
// words of `unseal verify`. It sends nothing and keeps nothing.

import { hex, textOf } from "./bytes";
import { maxProof } from "./proof";
import { sha256 } from "./sha256";
import { verify, type Outcome, type Result, type Statement } from "./verify";

export { verify };

/** The greatest item that this page checks: the limit of a message. */
const maxItem = 64 << 20;

function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** How each result looks, and what is said of it. */
const answers: Record<Result, { look: "ok" | "warn" | "bad"; heading: string; next: string }> = {
  matches: {
    look: "ok",
    heading: "Matches",
    next: "It does not show who typed it, whether the set is complete, or whether it is true.",
  },
  "key not known": {
    look: "warn",
    heading: "A key not known to you",
    next: "The proof holds up to the log\u2019s signature, whose key is not known to you. Next: give the log key, from a source you trust.",
  },
  "signature not checked": {
    look: "warn",
    heading: "Log signature not checked by this browser",
    next: "The proof holds up to the log\u2019s signature, which this browser cannot check: it has no Ed25519. Next: a newer browser, or the program unseal.",
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

/** Shows a heading, rows of facts and a sentence; values are text, never markup. */
function show(look: string, heading: string, rows: [string, string][], next: string): void {
  const panel = document.createElement("div");
  panel.className = "panel " + look;
  append(panel, "h2", heading);
  const list = append(panel, "dl", "");
  for (const [name, value] of rows) {
    append(list, "dt", name);
    append(append(list, "dd", ""), "bdi", value);
  }
  append(panel, "p", next);
  element("answer").replaceChildren(panel);
}

function append(to: HTMLElement, tag: string, text: string): HTMLElement {
  const e = document.createElement(tag);
  e.textContent = text;
  to.append(e);
  return e;
}

function grouped(n: number | bigint): string {
  return n.toString().replace(/\B(?=([0-9]{3})+$)/g, ",");
}

/** Text of the proof, with a mark for what is no UTF-8. */
function shown(byteString: string): string {
  return textOf(byteString) ?? "\ufffd";
}

const demoOrigin = "demo.";

function statementRows(s: Statement, result: Result): [string, string][] {
  const { item, commitment } = s;
  const origin = shown(s.origin);
  const rows: [string, string][] = [
    ["item", `${item.collection}/${item.number}, edition ${item.edition}, batch ${item.batch}`],
    ["committed", `one of ${grouped(commitment.count)}, by log entry ${grouped(s.commitmentIndex)}; time stated by the publisher: ${commitment.time}`],
    ["log", `${origin} at ${grouped(s.logSize)} entries; the item is entry ${grouped(s.itemIndex)}`],
  ];
  const demo = origin.startsWith(demoOrigin) ? " (DEMO KEY: public, shows nothing)" : "";
  const key = { matches: "the key that you gave", "signature not checked": "log signature not checked by this browser" };
  rows.push(["log key", ((key as Record<string, string>)[result] ?? "a key not known to you") + demo]);
  return rows;
}

function outcomeRows(o: Outcome): [string, string][] {
  const said = o.statement ? statementRows(o.statement, o.result) : [];
  return [...said, ["proof", o.cause || "matches"]];
}

/** The file of an input, or undefined with the problem shown. */
function chosen(id: string, what: string, max: number): File | undefined {
  const file = element<HTMLInputElement>(id).files?.[0];
  if (!file) show("bad", "There is a problem", [], `Choose ${what}.`);
  else if (file.size > max) show("bad", "There is a problem", [["file", file.name]], `It is too large to be ${what} for this page: ${grouped(max)} bytes at most. The program unseal has no such limit.`);
  else return file;
  return undefined;
}

async function check(): Promise<void> {
  const file = chosen("file", "the file of an item", maxItem);
  const proof = file && chosen("proof", "its proof file", maxProof);
  if (!file || !proof) return;
  show("", "Checking\u2026", [], "");
  await new Promise((painted) => setTimeout(painted, 20));
  const content = new Uint8Array(await file.arrayBuffer());
  const key = element<HTMLInputElement>("key").value.trim();
  const outcome = await verify(new Uint8Array(await proof.arrayBuffer()), content, key);
  const { look, heading, next } = answers[outcome.result];
  const rows: [string, string][] = [
    ["file", `${file.name}, ${grouped(content.length)} bytes`],
    ["sha256", hex(sha256(content))],
  ];
  show(look, heading, [...rows, ...outcomeRows(outcome)], next);
}

element<HTMLFormElement>("form").addEventListener("submit", (event) => {
  event.preventDefault();
  check().catch((e: unknown) => show("bad", "There is a problem", [], "Not checked: " + String(e)));
});
