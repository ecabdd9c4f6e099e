// Package thread joins messages into threads: who answered whom, and what is
// missing between them.
//
// The one invariant: every message given stands in exactly one tree, in time
// that is nearly linear in messages and references, whatever hostile mail says
// of its ancestors. It knows nothing of items, numbers or names of threads,
// and does no I/O.
package thread

import (
	"slices"
	"strings"
	"time"
)

// Message is what threading needs to know of a mail.
type Message struct {
	ID         string // Message-ID without angle brackets; may be empty
	InReplyTo  []string
	References []string // oldest first
	Date       time.Time
}

// Node is a place in a thread: a message, or a ghost that others refer to.
type Node struct {
	Message  int    // index into the messages given to [Trees], or -1 for a ghost
	ID       string // Message-ID; empty for a message without one
	Children []*Node

	parent *Node
	above  *Node     // some node above it in its tree, nil at a root; see top
	date   time.Time // of the message, or of a ghost's earliest child
}

// Ghost reports whether the message is referred to but not present.
func (n *Node) Ghost() bool { return n.Message < 0 }

// maxReferences bounds how many ids of one message take part in threading;
// the newest are kept, since the nearest parents stand last.
const maxReferences = 200

// Trees joins messages by Message-ID, References and In-Reply-To, after
// Zawinski's algorithm (jwz.org/doc/threading.html), without joining by
// subject. Ghosts are kept where they hold two or more branches together or
// stand at a root. Two messages of one id are both present: the second becomes
// a child-less sibling. The result is the roots, each level ordered by date,
// then by position; it does not depend on map order.
func Trees(msgs []Message) []*Node {
	b := builder{byID: make(map[string]*Node, len(msgs))}
	own := make([]*Node, len(msgs))
	for i := range msgs {
		own[i] = b.own(i, &msgs[i])
	}
	// A message's own word about its parent wins over a guess from another's
	// References, so all of these come first. It also means that no link is
	// ever undone, and that is what makes the test for loops cheap.
	for i := range msgs {
		if ids := parents(&msgs[i]); len(ids) > 0 {
			b.link(own[i], b.node(ids[len(ids)-1]))
		}
	}
	for i := range msgs {
		b.guess(parents(&msgs[i]))
	}
	roots := b.roots()
	sortLevels(roots)
	return roots
}

type builder struct {
	byID  map[string]*Node
	order []*Node // every node in order of creation
}

// node is the node of an id, a ghost as long as no message has it.
func (b *builder) node(id string) *Node {
	n := b.byID[id]
	if n == nil {
		n = b.add(&Node{Message: -1, ID: id})
		b.byID[id] = n
	}
	return n
}

func (b *builder) add(n *Node) *Node {
	b.order = append(b.order, n)
	return n
}

// own gives message i its node: the one of its id if nobody has it yet.
func (b *builder) own(i int, m *Message) *Node {
	n := &Node{Message: -1}
	if m.ID != "" {
		n = b.node(m.ID)
	}
	if m.ID == "" || !n.Ghost() {
		n = b.add(&Node{ID: m.ID})
	}
	n.Message, n.date = i, m.Date
	return n
}

// parents lists the ids above m, oldest first. In-Reply-To counts only where
// it names one id that References does not hold, as it often quotes addresses.
func parents(m *Message) []string {
	ids := m.References
	if len(ids) > maxReferences {
		ids = ids[len(ids)-maxReferences:]
	}
	if len(m.InReplyTo) > 0 && !slices.Contains(ids, m.InReplyTo[0]) {
		ids = append(slices.Clip(ids), m.InReplyTo[0])
	}
	return ids
}

// link puts n under parent, unless n has one or that would close a loop.
func (b *builder) link(n, parent *Node) {
	if n.parent == nil && top(parent) != n {
		n.parent, n.above = parent, parent
	}
}

// guess links ids that a message names one after the other.
func (b *builder) guess(ids []string) {
	for i := 1; i < len(ids); i++ {
		b.link(b.node(ids[i]), b.node(ids[i-1]))
	}
}

// top is the root of the tree that n stands in. The way is shortened as it is
// walked (Tarjan and van Leeuwen, 1984, path halving), so that walks up a chain
// of any length together cost little more than its length.
func top(n *Node) *Node {
	for n.above != nil {
		if n.above.above != nil {
			n.above = n.above.above
		}
		n = n.above
	}
	return n
}

func (b *builder) roots() []*Node {
	var roots []*Node
	for _, n := range b.order {
		if n.parent == nil {
			roots = append(roots, n)
			continue
		}
		n.parent.Children = append(n.parent.Children, n)
	}
	kept := roots[:0]
	for _, r := range roots {
		if r = prune(r); r != nil {
			kept = append(kept, r)
		}
	}
	return kept
}

// prune drops ghosts without children and lifts the only child of an inner
// ghost; a ghost at a root stays, since it says that something is missing.
// It works bottom-up without recursion, as chains may be long.
func prune(root *Node) *Node {
	for _, n := range slices.Backward(flatten(root)) {
		kept := n.Children[:0]
		for _, c := range n.Children {
			switch {
			case !c.Ghost() || len(c.Children) > 1:
				kept = append(kept, c)
			case len(c.Children) == 1:
				kept = append(kept, c.Children[0])
			}
		}
		n.Children = kept
	}
	if root.Ghost() && len(root.Children) == 0 {
		return nil
	}
	return root
}

// flatten lists n and all below it, parents first.
func flatten(n *Node) []*Node {
	list := []*Node{n}
	for i := 0; i < len(list); i++ {
		list = append(list, list[i].Children...)
	}
	return list
}

// Walk calls fn for n and all below it, depth first, with the depth of each.
func (n *Node) Walk(fn func(n *Node, depth int)) {
	type step struct {
		n     *Node
		depth int
	}
	stack := []step{{n, 0}}
	for len(stack) > 0 {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		fn(s.n, s.depth)
		for _, c := range slices.Backward(s.n.Children) {
			stack = append(stack, step{c, s.depth + 1})
		}
	}
}

// sortLevels puts the nodes of each level into order, from the leaves upwards,
// since a ghost has the date of its earliest child.
func sortLevels(roots []*Node) {
	for _, r := range roots {
		for _, n := range slices.Backward(flatten(r)) {
			slices.SortStableFunc(n.Children, order)
			for _, c := range n.Children {
				if n.Ghost() && !c.date.IsZero() && (n.date.IsZero() || c.date.Before(n.date)) {
					n.date = c.date
				}
			}
		}
	}
	slices.SortStableFunc(roots, order)
}

func order(a, b *Node) int {
	if c := a.date.Compare(b.date); c != 0 {
		return c
	}
	if a.Message != b.Message {
		return a.Message - b.Message
	}
	return strings.Compare(a.ID, b.ID)
}
