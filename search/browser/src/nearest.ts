// What to ask beside a query: search/nearest.go.

import type { Node, Query } from "./query";

/** How many other words may stand among those of a phrase that is cited loosely. */
const nearestSlop = 10;

/** The words of each phrase close together instead of side by side; null where the query has no such phrase. */
export function nearest(q: Query): Query | null {
  const root = q.root && loosen(q.root);
  return root && root !== q.root ? { ...q, root } : null;
}

/** The node itself where nothing in it is loosened. What must not be found stays as it is. */
function loosen(n: Node): Node {
  if (n.kind === "and" || n.kind === "or") {
    const nodes = n.nodes.map(loosen);
    return nodes.some((k, i) => k !== n.nodes[i]) ? { ...n, nodes } : n;
  }
  if (n.kind !== "text" || n.mode !== "phrase" || n.words.length < 2 || n.value !== "" || n.words.some((w) => w.glued)) return n;
  return { ...n, mode: "near", n: nearestSlop };
}
