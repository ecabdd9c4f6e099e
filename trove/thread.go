package trove

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
	Subject    string
}

// Node is a place in a thread: a message, or a ghost that others refer to.
type Node struct {
	Message  int    // index into the messages given to [Threads], or -1 for a ghost
	ID       string // Message-ID; empty for a message without one
	Children []*Node
	parent   *Node
}

// Ghost reports whether the message is referred to but not present.
func (n *Node) Ghost() bool { return n.Message < 0 }

// maxReferences bounds how many ids of one message take part in threading;
// the newest are kept, since the nearest parents stand last.
const maxReferences = 200

// Threads joins messages by Message-ID, References and In-Reply-To, after
// Zawinski's algorithm (jwz.org/doc/threading.html), without joining by
// subject. Ghosts are kept where they hold two or more branches together or
// stand at a root. Two messages of one id are both present: the second becomes
// a child-less sibling. The result is the roots, each level ordered by date,
// then by position; it does not depend on map order. Time and space are linear
// in messages and references.
func Threads(msgs []Message) []*Node {
	b := builder{byID: make(map[string]*Node, len(msgs))}
	for i := range msgs {
		b.add(i, &msgs[i])
	}
	roots := b.roots()
	when := func(n *Node) time.Time { return firstDate(n, msgs) }
	sortLevel(roots, when)
	return roots
}

type builder struct {
	byID  map[string]*Node
	order []*Node // every node in order of creation
}

func (b *builder) node(id string) *Node {
	if n := b.byID[id]; n != nil {
		return n
	}
	n := &Node{Message: -1, ID: id}
	b.byID[id] = n
	b.order = append(b.order, n)
	return n
}

func (b *builder) add(i int, m *Message) {
	n := b.own(i, m.ID)
	var prev *Node
	for _, id := range parents(m) {
		r := b.node(id)
		if prev != nil && r.parent == nil && !reaches(r, prev) {
			r.parent = prev
		}
		prev = r
	}
	if prev == nil || prev == n || reaches(n, prev) {
		return
	}
	n.parent = prev // the message's own word about its parent wins over a guess from another's References
}

// own gives message i its node: the one of its id if nobody has it yet.
func (b *builder) own(i int, id string) *Node {
	if id != "" {
		if n := b.node(id); n.Message < 0 {
			n.Message = i
			return n
		}
	}
	n := &Node{Message: i, ID: id}
	b.order = append(b.order, n)
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

// maxDepth bounds the walk upwards, so that a hostile chain stays linear.
const maxDepth = 10_000

// reaches reports whether a is n or stands above n.
func reaches(a, n *Node) bool {
	for d := 0; n != nil; n, d = n.parent, d+1 {
		if n == a || d > maxDepth {
			return true
		}
	}
	return false
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

func sortLevel(roots []*Node, when func(*Node) time.Time) {
	order := func(a, b *Node) int {
		if c := when(a).Compare(when(b)); c != 0 {
			return c
		}
		if a.Message != b.Message {
			return a.Message - b.Message
		}
		return strings.Compare(a.ID, b.ID)
	}
	slices.SortStableFunc(roots, order)
	for _, r := range roots {
		for _, n := range flatten(r) {
			slices.SortStableFunc(n.Children, order)
		}
	}
}

// firstDate is the date of n, or for a ghost that of its first dated child.
func firstDate(n *Node, msgs []Message) time.Time {
	for d := 0; n != nil && n.Ghost() && d < maxDepth; d++ {
		if len(n.Children) == 0 {
			return time.Time{}
		}
		n = n.Children[0]
	}
	if n == nil || n.Ghost() {
		return time.Time{}
	}
	return msgs[n.Message].Date
}

// ThreadID is the public name of a thread: the first 16 hex digits of the
// digest of its root's Message-ID. Replies carry that id in the open, so the
// name tells nothing new. Without an id at the root the caller uses
// "n" and the item number instead.
func ThreadID(rootID string) string { return Sum([]byte(rootID)).String()[:16] }
