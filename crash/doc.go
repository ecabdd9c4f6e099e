// Package crash holds the harnesses of what must survive: kills, power loss
// and disk errors. Only tests import it.
//
// # Kills
//
// [Build] compiles a command with the tag "crashtest"; such a binary kills
// itself at a numbered step (see package durable) and leaves a list of the
// steps it came through. A [Command] runs it: once to count, then once for
// each of the [Moments], after each of which the test looks at what is left
// and starts it again. A [Tally] keeps count of how many kills were armed and
// how many really happened.
//
//	bin := crash.Build(t, "unseal/cmd/unseal")
//	cmd := crash.Command{Path: bin, Args: []string{"publish", "--yes", "-C", desk}}
//	whole := cmd.Count(t) // on a copy of the desk; whole.Steps names every step
//	for _, k := range crash.Moments(len(whole.Steps), 100, seed) {
//		r := cmd.KillAt(t, k) // on a fresh copy
//		tally.Add(r, look(desk))
//		… run it again, look again …
//	}
//	tally.Enough(t) // at least 95 % were really killed
//
// Kills prove order, not durability: the page cache survives the process, so a
// build without any fsync passes.
//
// # Power loss
//
// [Mem] is a file system in memory that knows what was synced. [Mem.Crash]
// gives what could be left of it after the power went: what was synced, and of
// the rest, bytes and names alike, whatever chance leaves. A [Story] is a piece
// of work and its promises; [Story.PowerLoss] breaks it off at every step.
//
// # Disk errors
//
// [Watch] numbers the steps of any file system and lets a test fail each of
// them; [Story.Faults] does so for all. In a [Mem] a failed sync loses what it
// should have written for good, even if the next sync succeeds.
//
// # Controls
//
// A harness shows something only if it catches what is wrong: [WithoutSync] and
// [WithoutDirSync] are file systems that a story must fail on.
package crash
