package main

import (
	"github.com/alecthomas/kong"
)

// Globals are the flags that every command takes.
type Globals struct {
	Dir     string `short:"C" name:"desk" env:"UNSEAL_DIR" placeholder:"DIR" help:"The desk (for search, show, cat also an archive); else the current folder."`
	JSON    bool   `name:"json" help:"JSON lines on stdout; the last one is the summary."`
	Quiet   bool   `short:"q" help:"Less on stderr."`
	Verbose bool   `short:"v" help:"More on stderr."`
	NoColor bool   `name:"no-color" help:"Plain text: progress as lines, no cursor movement; NO_COLOR does the same."`
	Yes     bool   `help:"Answers yes where a command asks."`
	Jobs    int    `default:"0" placeholder:"N" help:"Parallel work; 0 means one job a processor."`
}

// commands is the command line. The help of each command carries an example.
type commands struct {
	Globals

	Demo demoCmd `cmd:"" help:"Make a small fictional trove, run the whole main job on it, serve it."`
	Init initCmd `cmd:"" help:"Make a desk: the newsroom's private folder with its keys and its log."`

	Status     statusCmd     `cmd:"" help:"Where each collection and batch stands, and what to do next."`
	Ingest     ingestCmd     `cmd:"" help:"Take material in: mailboxes, folders, archives. Can be stopped and run again."`
	Redo       redoCmd       `cmd:"" help:"Read items again: what failed, one stage, one kind, or some items."`
	Collection collectionCmd `cmd:"" help:"What readers are told about a collection."`
	Exclude    excludeCmd    `cmd:"" help:"Take an item or a whole trove out before commit; recorded."`
	Commit     commitCmd     `cmd:"" help:"Fix the item numbers and log the commitment to the whole collection."`
	Batch      batchCmd      `cmd:"" help:"Plan batches."`
	Withhold   withholdCmd   `cmd:"" help:"Keep numbers back, counted and with a reason."`
	Redact     redactCmd     `cmd:"" help:"Hide texts, bytes or files in items and in all that quote them; all else stays provable."`
	Withdraw   withdrawCmd   `cmd:"" help:"Take published numbers back for good; each leaves a tombstone."`
	Publish    publishCmd    `cmd:"" help:"Write batches into the archive, the checkpoint last."`
	Notice     noticeCmd     `cmd:"" help:"Make a public statement, signed and logged."`

	Verify verifyCmd `cmd:"" help:"Check an archive, or one file with its proof."`
	Serve  serveCmd  `cmd:"" help:"Serve an archive to readers."`
	Search searchCmd `cmd:"" help:"Search a desk or an archive."`
	Export exportCmd `cmd:"" help:"Write an archive's pages and files as a folder that needs no server."`
	Report reportCmd `cmd:"" help:"Count how complete a collection is, and what was shown of its signatures."`

	List    listCmd    `cmd:"" help:"Every item with its numbers, digests, places, state and warnings."`
	Show    showCmd    `cmd:"" help:"One item in words."`
	Cat     catCmd     `cmd:"" help:"One item's bytes, or those of an attachment."`
	Compare compareCmd `cmd:"" help:"Two parties' exports of one chain of messages, laid beside each other."`
	Proof   proofCmd   `cmd:"" help:"The proof file of a published item."`
	Keys    keysCmd    `cmd:"" help:"Our keys, and the archive of senders' DKIM keys."`
	Log     logCmd     `cmd:"" help:"The public log: its root, proofs, witnesses."`

	Fsck    fsckCmd    `cmd:"" help:"Check the desk's own state: every blob, the catalog, the log."`
	Backup  backupCmd  `cmd:"" help:"Write an encrypted backup of the desk with its keys and secrets."`
	Restore restoreCmd `cmd:"" help:"Make a desk from a backup, and check it."`
	Version versionCmd `cmd:"" help:"Which unseal this is."`
}

const description = `Unseal publishes large disclosures so that nobody has to trust the publisher:
commit to everything first, publish in batches, prove every item.

Try it:  unseal demo`

func kongOptions(u *ui) []kong.Option {
	return []kong.Option{
		kong.Name("unseal"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.Writers(u.out, u.err),
		kong.Exit(func(code int) {
			if u.exited == 0 {
				u.exited = code + 1
			}
		}),
	}
}
