package durable

// Step, where not nil, is called at each moment at which a crash could leave a
// different state behind: before a file is created, before it is written (and
// at every further [stepBytes]), before its sync, before its rename or
// removal, before a folder's sync and after it; by other rooms with [At]
// before and after each commit of the catalog. A file written by [WriteFile]
// makes six steps.
//
// It is set by tests and by the build with the tag "crashtest" (package
// crash), before the first use of this package, and never changed afterwards.
// It may be called from several goroutines at once.
var Step func(what string)

// stepBytes is how many bytes a file takes between two steps of writing.
const stepBytes = 1 << 20

// At marks a moment that a crash could divide: what happens, and to which
// thing. It does nothing unless [Step] is set.
func At(what, name string) {
	if Step != nil {
		Step(what + " " + name)
	}
}

// Fault names a fault that the build with the tag "crashtest" commits on
// purpose, so that its harness can show that it would be caught. Other builds
// leave it empty.
var Fault string

// The faults that there are.
const (
	CheckpointFirst = "checkpoint-first" // a log is signed before its tiles are there
	SupersededFirst = "superseded-first" // an earlier edition is removed before the checkpoint that supersedes it
	CatalogFirst    = "catalog-first"    // the catalog records an edition before the log says it
)
