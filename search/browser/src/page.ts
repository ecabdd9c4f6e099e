// The page: takes a query from its address, searches the file beside it and
// shows what was found as the site does. The query stands behind the '#' of the
// address, which browsers send to nobody; what the host sees are byte ranges.

import { Index, OddCursor, type FacetCount, type Hit, type Request, type Result, type Search, type Sort, type YearCount } from "./engine";
import { Segment } from "./format";
import { nearest } from "./nearest";
import { hasClause, parse, Refused, top, withClause, withoutClause } from "./parse";
import { canonical, textOf, type Note, type Query } from "./query";
import { unpack, type Snippet } from "./snippet";
import { Damaged, NoRanges, Ranges, Shards, TooMuch, traffic, Unreachable, Unreadable, Whole, type Source } from "./source";
import { bdi, code, cut, day, el, has, learn, number, plain, say, size, visible } from "./words";

// For tests, and for whoever wants to look at the parts.
export { canonical, Damaged, Index, parse, Ranges, Refused, Segment, source, traffic, unpack, Unreadable, Whole };
export { fold, scan } from "./fold";
export { forms, names, Walker } from "./spelling";
export { rawOf, textOfRaw } from "./format";

const hitsPerPage = 10;
const snippetsAHit = 2;
const facetValues = 6;
const facetAll = 200;
const droppedMost = 6;
const [listSubject, listName] = [160, 60];

/** Counting that loads less than this is done unasked. */
const countUnasked = 1 << 20;

/** The greatest file that is loaded whole where the host knows no ranges. */
const wholeMost = 50 << 20;

const sorts: Sort[] = ["newest", "oldest", "relevance", "number"];
const facets = ["type", "person", "batch", "verification", "language", "has", "collection", "owner"];

const examples: [q: string, w: string][] = [
  ["schedule budget", "words"], ['"revised schedule"', "phrase"], ["from:mary", "from"], ["subject:annex", "subject"],
  ["after:2015-01-01 before:2016-01-01", "dates"], ["has:attachment", "attachment"], ["schedule -draft", "not"], ["is:valid", "state"],
];

/** What the address says. */
type Asked = { q: string; sort: Sort; fold: boolean; cursor: string; facet: string };

function asked(): Asked {
  const v = new URLSearchParams(location.hash.length > 1 ? location.hash.slice(1) : location.search);
  const facet = v.get("facet") ?? "";
  return {
    q: (v.get("q") ?? "").trim(),
    sort: sorts.find((s) => s === v.get("sort")) ?? "newest",
    fold: v.get("copies") === "fold",
    cursor: v.get("_next") ?? "",
    facet: facets.includes(facet) ? facet : "",
  };
}

/** The address that asks the same otherwise. */
function address(a: Asked, change: Partial<Asked>): string {
  const b = { ...a, cursor: "", facet: "", ...change };
  const v = new URLSearchParams({ q: b.q });
  if (b.sort !== "newest") v.set("sort", b.sort);
  if (b.fold) v.set("copies", "fold");
  if (b.cursor !== "") v.set("_next", b.cursor);
  if (b.facet !== "") v.set("facet", b.facet);
  return "#" + v;
}

// The file.

let opened: Promise<Index> | null = null;
let whole: Source | null = null;

/** Opens the file once; after an error it may be tried again. */
function index(): Promise<Index> {
  if (!opened) {
    opened = source()
      .then((s) => Segment.open(s))
      .then((s) => new Index(s, app.dataset["langs"]?.split(" ").filter(Boolean)));
    opened.catch(() => (opened = null));
  }
  return opened;
}

/** Ranges of the file beside the page, or shards of it where the page came from a disk. */
async function source(): Promise<Source> {
  if (whole) return whole;
  if (location.protocol !== "file:") return new Ranges("search.seg");
  const [size, shard] = await told("unsealIndex", "search/index.js");
  if (!(Number.isSafeInteger(size) && Number.isSafeInteger(shard) && (shard as number) >= 4096)) throw new Damaged("search/index.js");
  return new Shards(size as number, shard as number, async (n) => String((await told("unsealShard" + n, `search/s-${String(n).padStart(6, "0")}.js`))[1]));
}

/** What scripts beside the page said, by their names: they call unsealIndex and unsealShard. */
const heard = new Map<string, unknown[]>();

/** Runs a script beside the page and returns what it said. */
async function told(name: string, file: string): Promise<unknown[]> {
  const e = document.createElement("script");
  e.src = file;
  await new Promise<void>((done, failed) => {
    e.onload = () => done();
    e.onerror = () => failed(new Unreachable(file));
    document.head.append(e);
  });
  e.remove();
  const said = heard.get(name);
  heard.delete(name);
  return said ?? Promise.reject(new Unreachable(file));
}

// Searching.

let round = 0;
let app: HTMLElement;

/** Answers what the address asks; a newer question stops an older one. */
async function answer(): Promise<void> {
  const a = asked();
  const now = ++round;
  const show = (...children: Node[]) => {
    if (now === round) app.replaceChildren(form(a.q), ...children);
  };
  if (a.q === "") return show(exampleList());
  document.title = plain("search.titled", { Query: document.createTextNode(a.q) });
  let query: Query;
  try {
    query = parse(a.q);
  } catch (e) {
    if (!(e instanceof Refused)) throw e;
    return show(refusal(a, e));
  }
  show(el("p", { role: "status" }, say("find.searching")));
  try {
    await found(a, query, show, () => now === round);
  } catch (e) {
    show(problem(e));
  }
}

async function found(a: Asked, query: Query, show: (...children: Node[]) => void, still: () => boolean): Promise<void> {
  const ix = await index();
  const request: Request = { query, sort: a.sort, limit: hitsPerPage, cursor: a.cursor, fold: a.fold };
  const [search, result] = await ask(ix, request);
  const near = await besides(ix, request, result);
  if (!still()) return;
  const head = [...notes(a, [...query.notes, ...near.notes]), ...alsoSearched(a, query, search)];
  if (result.total === 0 && near.hits.length === 0) {
    const list = el("ul");
    show(...head, el("p", { role: "status" }, el("strong", {}, say("search.nothing")), " ", say("search.for", { Query: a.q })), nothing(query, list));
    return dropped(ix, a, query, list, still);
  }
  const years = el("div");
  const narrow = el("aside", { id: "narrow", "aria-label": plain("search.narrow-label") }, el("h2", {}, say("search.narrow")), clauses(a, query));
  const results = el("section", { "aria-labelledby": "results" }, el("h2", { id: "results" }, say("search.results")), years, hitList(result.hits), pager(a, result));
  if (near.hits.length > 0) results.append(el("h2", {}, say("search.near")), hitList(near.hits));
  show(...head, ...status(a, result, ix), el("div", { class: "cols left" }, results, narrow));
  await count(a, query, search, years, narrow, still);
}

async function ask(ix: Index, r: Request): Promise<[Search, Result]> {
  const search = await ix.search(r);
  try {
    return [search, await search.page()];
  } catch (e) {
    if (!(e instanceof OddCursor)) throw e;
    return ask(ix, { ...r, cursor: "" });
  }
}

/** Hits of the nearest query where the first page has room for them. */
async function besides(ix: Index, r: Request, res: Result): Promise<{ hits: Hit[]; notes: Note[] }> {
  const query = nearest(r.query);
  const none = { hits: [], notes: [] };
  if (!query || r.cursor !== "" || res.next !== "" || res.hits.length >= r.limit) return none;
  const other = await (await ix.search({ ...r, query })).page();
  if (other.total <= res.total) return none;
  const have = new Set(res.hits.map((h) => h.collection + "/" + h.number));
  const hits = other.hits.filter((h) => !have.has(h.collection + "/" + h.number)).slice(0, r.limit - res.hits.length);
  return { hits, notes: [{ code: "near-besides", args: [String(other.total - res.total)], query: canonical(query) }] };
}

/** Counts facets and years: unasked where little is to be loaded for it. */
async function count(a: Asked, query: Query, search: Search, years: HTMLElement, narrow: HTMLElement, still: () => boolean): Promise<void> {
  const run = async () => {
    years.replaceChildren(...yearChart(a, query, await search.years()));
    for (const name of facets) {
      const f = await search.facet(name, name === a.facet ? facetAll : facetValues);
      if (!still()) return;
      if (f.distinct > 1 || name === a.facet) narrow.append(facetList(a, query, name, f));
    }
  };
  const cost = search.countingCost();
  if (cost < countUnasked || a.facet !== "" || location.protocol === "file:" || whole) return run();
  const button = el("button", { type: "button" }, say("find.count", { Size: size(cost) }));
  narrow.append(el("p", {}, button));
  button.addEventListener("click", () => {
    button.parentElement!.remove();
    void run().catch((e: unknown) => narrow.append(problem(e)));
  });
}

// What is shown.

function form(q: string): HTMLElement {
  const hint = el("span", { class: "hint", id: "qh" }, say("search.hint", { Example: code('from:mary subject:"schedule" after:2015-01-01 -draft') }));
  const box = el("input", { id: "q", name: "q", type: "search", size: "40", dir: "auto", "aria-describedby": "qh" });
  box.value = q;
  const f = el("form", { role: "search" }, el("label", { for: "q" }, say("search.label"), " ", hint), box, " ", el("button", {}, say("search.button")));
  f.addEventListener("submit", (event) => {
    event.preventDefault();
    const to = address(asked(), { q: box.value });
    if (to === location.hash) void answer();
    else location.hash = to;
  });
  return f;
}

function link(to: string, children: Node[], attributes: Record<string, string> = {}): HTMLElement {
  return el("a", { href: to, ...attributes }, children);
}

function exampleList(): HTMLElement {
  const list = examples.map(([q, w]) => el("li", {}, link("#" + new URLSearchParams({ q }), [code(q)]), " ", say("example." + w)));
  return el("section", { "aria-labelledby": "examples" }, el("h2", { id: "examples" }, say("search.examples")), el("ul", {}, ...list));
}

/** The values of words that come in order. */
function positional(values: string[]): Record<string, string> {
  return Object.fromEntries(values.map((v, i) => ["ABCD"[i] ?? "", v]));
}

function refusal(a: Asked, e: Refused): HTMLElement {
  const reason = has("syntax." + e.code) ? say("syntax." + e.code, positional(e.args)) : [bdi(e.message)];
  const at = a.q.slice(e.offset, e.offset + e.length) || "\u2026";
  const place = el("code", {}, visible(a.q.slice(0, e.offset)), el("mark", {}, visible(at)), visible(a.q.slice(e.offset + e.length)));
  return el("section", { class: "panel bad", "aria-labelledby": "eh" }, el("h2", { id: "eh" }, say("search.refused")), el("p", {}, reason), el("p", {}, el("bdi", {}, place)));
}

/** Says what went wrong, and what to do next. */
function problem(e: unknown): HTMLElement {
  const panel = (w: string, ...more: Node[]) => el("div", { class: "panel bad", role: "alert" }, el("p", {}, say(w)), ...more);
  if (e instanceof NoRanges) {
    const panelOf = panel("find.no-ranges");
    if (e.size <= wholeMost) panelOf.append(el("p", {}, wholeButton(e.size)));
    return panelOf;
  }
  if (e instanceof Damaged) return panel("find.damaged");
  if (e instanceof Unreadable) return panel("find.version");
  if (e instanceof TooMuch) return panel("find.too-much");
  if (e instanceof Unreachable) return panel(location.protocol === "file:" ? "find.no-shards" : "find.unreachable");
  return panel("find.failed", el("p", {}, code(String(e))));
}

function wholeButton(n: number): HTMLElement {
  const button = el("button", { type: "button" }, say("find.load-whole", { Size: size(n) }));
  button.addEventListener("click", () => {
    button.disabled = true;
    Whole.load("search.seg", n)
      .then((s) => (whole = s))
      .then(answer)
      .catch((e: unknown) => button.replaceWith(problem(e)));
  });
  return button;
}

function notes(a: Asked, list: Note[]): HTMLElement[] {
  if (list.length === 0) return [];
  const one = (n: Note) => {
    const id = "note." + n.code + (n.args.length === 2 && n.args[1] === "" ? "-alone" : "");
    const p = el("p", {}, has(id) ? say(id, positional(n.args)) : [bdi(n.code)]);
    if (n.query) p.append(" ", link(address(a, { q: n.query }), [bdi(n.query)]));
    return p;
  };
  return [el("div", { class: "panel warn", role: "note" }, ...list.map(one))];
}

/** Says which other spellings were searched, and how to search without them. */
function alsoSearched(a: Asked, query: Query, search: Search): HTMLElement[] {
  const list = search.also();
  if (list.length === 0) return [];
  const p = el("p", { class: "small" });
  for (const { word, spellings } of list) p.append(...say("note.also", { Word: word, Spellings: spellings.join(plain("list.comma")) }), " ");
  p.append(link(address(a, { q: canonical({ ...query, exact: true }) }), say("note.also-no")));
  return [p];
}

function status(a: Asked, r: Result, ix: Index): HTMLElement[] {
  const said = el("p", { role: "status" }, el("strong", {}, say("search.found", { Count: r.total })), " ", say("search.for", { Query: a.q }));
  const choice = (here: boolean, to: string, w: string) => (here ? el("li", { "aria-current": "true" }, el("strong", {}, say(w))) : el("li", {}, link(to, say(w))));
  const list = el("ul", { class: "links" }, el("li", {}, say("search.sort")), ...sorts.map((s) => choice(s === a.sort, address(a, { sort: s }), "sort." + s)));
  if (ix.hasCopies()) list.append(choice(false, address(a, { fold: !a.fold }), a.fold ? "search.unfold" : "search.fold"));
  list.append(el("li", {}, jump("narrow", say("search.narrow"))));
  return [said, list];
}

/** A link to a place of this page, whose address holds the query. */
function jump(id: string, children: Node[]): HTMLElement {
  const a = link("#" + id, children);
  a.addEventListener("click", (event) => {
    event.preventDefault();
    const to = document.getElementById(id);
    to?.setAttribute("tabindex", "-1");
    to?.focus();
  });
  return a;
}

/** Rows, whose pieces of text are loaded when they come near to sight. */
function hitList(hits: Hit[]): HTMLElement {
  const more = new Map<Element, () => void>();
  const seen = new IntersectionObserver((entries) => {
    for (const e of entries) {
      if (!e.isIntersecting) continue;
      seen.unobserve(e.target);
      more.get(e.target)?.();
    }
  }, { rootMargin: "300px" });
  const rows = hits.map((h) => {
    const [row, load] = hitRow(h);
    more.set(row, load);
    seen.observe(row);
    return row;
  });
  return el("ol", { class: "hits" }, ...rows);
}

function hitRow(h: Hit): [row: HTMLElement, load: () => void] {
  const subject = h.subject !== "" ? [bdi(cut(h.subject, listSubject))] : say(h.kind === "mail" || h.kind === "" ? "item.no-subject" : "item.no-title");
  const title = link(`../${encodeURIComponent(h.collection)}/${h.number}.html`, subject);
  const row = el("li", {}, el("h3", {}, title), el("p", { class: "small" }, facts(h)));
  const show = (snippets: Snippet[]) => {
    for (const s of snippets) {
      if (s.field === "subject") title.replaceChildren(el("bdi", {}, ...spans(s)));
      else row.append(piece(h, s));
    }
  };
  return [row, () => void h.snippets(snippetsAHit).then(show, (e: unknown) => row.append(problem(e)))];
}

/** The second line of a row. */
function facts(h: Hit): Node[] {
  const parts: Node[][] = [say("item.number", { Number: String(h.number) })];
  if (h.kind !== "mail" && has("kind." + h.kind)) parts.push(say("kind." + h.kind));
  const [from, to] = [cut(h.from, listName), cut(h.to, listName)];
  if (from !== "" && to !== "" && h.receivers > 1) parts.push(say("row.from-to-more", { From: from, To: to, Count: h.receivers - 1 }));
  else if (from !== "" && to !== "") parts.push(say("row.from-to", { From: from, To: to }));
  else if (from !== "") parts.push([bdi(from)]);
  parts.push(day(h.date));
  if (h.files > 0) parts.push(say("row.files", { Count: h.files }));
  if (h.copies > 0) parts.push(say("row.copies", { Count: h.copies }));
  else if (h.copyOf > 0) parts.push(say("row.copy-of", { Number: String(h.copyOf) }));
  parts.push([verdict(h.verdict)]);
  return parts.flatMap((p, i) => (i > 0 ? [...say("list.separator"), ...p] : p));
}

function verdict(v: string): HTMLElement {
  const look = v === "valid" || v === "kept-key" ? "ok" : v === "mismatch" ? "bad" : v === "redacted" ? "warn" : "none";
  return el("span", { class: "tag " + look }, say(verdictWord(v)));
}

function verdictWord(v: string): string {
  return v !== "" && has("verdict." + v) ? "verdict." + v : "verdict.none";
}

/** A piece of text with marks, and where in the item it stands if that is not its own text. */
function piece(h: Hit, s: Snippet): HTMLElement {
  const p = el("p");
  if (s.file > 0) p.append(...say(h.kind === "mail" ? "row.in-attachment" : "row.in-file", { Name: s.name === "" ? String(s.file) : cut(s.name, listSubject) }));
  else if (h.kind === "voice") p.append(...say("row.in-transcript"));
  else if (h.kind === "image") p.append(...say("row.in-picture"));
  p.append(el("bdi", {}, spans(s)));
  return p;
}

function spans(s: Snippet): (Node | string)[] {
  const out: (Node | string)[] = s.spans.map((p) => (p.mark ? el("mark", {}, visible(p.text)) : visible(p.text)));
  return [s.head ? "" : "\u2026 ", ...out, s.tail ? "" : " \u2026"];
}

function pager(a: Asked, r: Result): HTMLElement {
  const nav = el("nav", { class: "pager", "aria-label": plain("nav.pages") }, el("span", {}, say("search.shown", { Shown: r.hits.length, Count: r.total })));
  if (r.next !== "") nav.append(link(address(a, { cursor: r.next }), say("nav.next"), { rel: "next" }));
  return nav;
}

function yearChart(a: Asked, query: Query, years: YearCount[]): HTMLElement[] {
  if (years.length < 2) return [];
  const most = Math.max(...years.map((y) => y.count));
  const row = (y: YearCount) => {
    const name = y.year === 0 ? say("date.none") : [link(address(a, { q: withClause(query, "date:" + y.year) }), [bdi(String(y.year))])];
    const bar = el("span", { class: "v w" + Math.min(100, Math.max(1, Math.round((y.count * 100) / most))) });
    return el("tr", {}, el("th", { scope: "row" }, name), el("td", { class: "b" }, bar), el("td", { class: "n" }, bdi(number(y.count))));
  };
  const column = (w: string, attributes: Record<string, string> = {}) => el("th", { scope: "col", ...attributes }, say(w));
  const head = el("thead", {}, el("tr", {}, column("search.year"), column("search.share"), column("search.items", { class: "n" })));
  return [el("details", {}, el("summary", {}, say("search.by-year")), el("table", { class: "chart" }, head, el("tbody", {}, ...years.map(row))))];
}

/** The parts of a query, each with a link that takes it out. */
function clauses(a: Asked, query: Query): Node {
  const parts = top(query).map((n) => textOf(n));
  if (parts.length < 2) return document.createTextNode("");
  const one = (part: string) => {
    const li = el("li", {}, code(part));
    const rest = withoutClause(query, part);
    if (parses(rest)) li.append(" ", refine(a, rest, "search.remove", "search.remove-clause", part));
    return li;
  };
  return el("ul", {}, ...parts.map(one));
}

/** Whether what is left of a query may be asked: it may be a NOT alone. */
function parses(q: string): boolean {
  try {
    parse(q);
    return true;
  } catch {
    return false;
  }
}

/** A small link to another query; label says in full what its word leaves out. */
function refine(a: Asked, q: string, w: string, label: string, clause: string): HTMLElement {
  return link(address(a, { q }), say(w), { class: "small", "aria-label": plain(label, { Clause: clause }) });
}

function facetList(a: Asked, query: Query, name: string, f: FacetCount): HTMLElement {
  const list = el("ul", {}, ...f.values.map((v) => facetValue(a, query, name, v)));
  const details = el("details", { class: "facet" }, el("summary", {}, say("facet." + name)), list);
  if (name === a.facet) details.open = true;
  else if (f.distinct > facetValues) details.append(el("p", {}, link(address(a, { q: a.q, facet: name }), say("facet.all", { Count: f.distinct }))));
  return details;
}

function facetValue(a: Asked, query: Query, name: string, v: FacetCount["values"][number]): HTMLElement {
  const label = facetLabel(name, v);
  const li = el("li");
  if (v.clause === "" || !parses(withClause(query, "-" + v.clause))) li.append(el("span", {}, label));
  else if (hasClause(query, v.clause)) li.append(el("strong", {}, label), " ", refine(a, withoutClause(query, v.clause), "search.remove", "search.remove-clause", v.clause));
  else {
    const less = withClause(query, "-" + v.clause);
    li.append(link(address(a, { q: withClause(query, v.clause) }), label), " ", refine(a, less, "facet.exclude", "facet.exclude-value", v.clause));
  }
  li.append(el("span", { class: "n" }, bdi(number(v.count))));
  return li;
}

function facetLabel(name: string, v: FacetCount["values"][number]): Node[] {
  if (name === "batch") return say("batch.number", { Number: v.value });
  const w = { type: "kind.", has: "facet.has-", language: "lang." }[name];
  if (w && has(w + v.value)) return say(w + v.value);
  if (name === "verification") return say(verdictWord(v.value));
  return [bdi(cut(v.label || v.value, listName))];
}

/** Leads on from a query that finds nothing. */
function nothing(query: Query, list: HTMLElement): HTMLElement {
  if (top(query).length < 2) return exampleList();
  return el("section", { "aria-labelledby": "nearest" }, el("h2", { id: "nearest" }, say("search.nearest")), list);
}

/** Lists the query with each part dropped that then finds something. */
async function dropped(ix: Index, a: Asked, query: Query, list: HTMLElement, still: () => boolean): Promise<void> {
  const parts = top(query).map((n) => textOf(n));
  if (parts.length < 2) return;
  for (const part of parts.slice(0, droppedMost)) {
    const q = withoutClause(query, part);
    if (!parses(q)) continue;
    const total = await (await ix.search({ query: parse(q), sort: "newest", limit: 0, cursor: "", fold: a.fold })).total();
    if (!still()) return;
    if (total > 0) list.append(el("li", {}, link(address(a, { q }), [bdi(q)]), " ", say("search.found", { Count: total })));
  }
}

function start(): void {
  const e = document.getElementById("app");
  if (!e) return;
  app = e;
  learn(document.getElementById("words")!.textContent, document.documentElement.lang);
  document.getElementById("plain")!.hidden = true;
  app.hidden = false;
  if (location.hash.length < 2 && location.search.length > 1) history.replaceState(null, "", location.pathname + "#" + location.search.slice(1));
  addEventListener("hashchange", () => void answer());
  void answer();
}

if (typeof document !== "undefined") {
  Object.assign(globalThis, {
    unsealIndex: (...said: unknown[]) => heard.set("unsealIndex", said),
    unsealShard: (...said: unknown[]) => heard.set("unsealShard" + said[0], said),
  });
  start();
}
