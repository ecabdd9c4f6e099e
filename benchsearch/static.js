// Asks the reader of search.js for what a browser would fetch, from a file
// instead of a host. In: the file, the questions, how each is sorted, and how
// many snippets a hit has. Out: what opening, each first and each further answer
// cost.
async ({ file, questions, snippets }) => {
  const fs = require("fs");
  const { Segment, Index, parse } = unsealSearch;
  const fd = fs.openSync(file), size = fs.fstatSync(fd).size;
  const source = () => {
    const cost = { reads: 0, bytes: 0, rounds: 0 };
    let open = 0;
    const read = async (off, n) => {
      if (open++ === 0) cost.rounds++;
      cost.reads++;
      cost.bytes += n;
      const bytes = new Uint8Array(n);
      fs.readSync(fd, bytes, 0, n, off);
      await new Promise((done) => setTimeout(done));
      open--;
      return bytes;
    };
    const tail = async (n) => ({ bytes: await read(size - Math.min(n, size), Math.min(n, size)), size });
    return { cost, read, tail };
  };
  const open = async (s) => new Index(await Segment.open(s));
  const ask = async (ix, { q, sort }) => {
    const page = await (await ix.search({ query: parse(q), sort, limit: 10, cursor: "", fold: false })).page();
    if (snippets > 0) await Promise.all(page.hits.map((h) => h.snippets(snippets)));
    return page.total;
  };
  const out = { opening: null, first: [], further: [], totals: [] };
  for (const question of questions) {
    const s = source(), ix = await open(s);
    out.opening ??= { ...s.cost };
    out.totals.push(await ask(ix, question));
    out.first.push(s.cost);
  }
  const s = source(), ix = await open(s);
  for (const [i, question] of questions.entries()) {
    const before = { ...s.cost };
    await ask(ix, question);
    if (i > 0) out.further.push({ reads: s.cost.reads - before.reads, bytes: s.cost.bytes - before.bytes, rounds: s.cost.rounds - before.rounds });
  }
  return out;
};
