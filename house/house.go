// Package house reads the configuration, opens the chosen variants of each
// room, connects them, and starts and stops them. It is the only room that
// knows all others; no room knows it but the command.
//
// A desk is a private folder:
//
//	unseal.toml            configuration
//	lock                   held by the one process that writes
//	index.lock             held while the index is made or opened
//	catalog.db             the catalog (SQLite)
//	blobs/                 files as handed over, and texts, under their digests
//	genesis.json           entry 0 of the log, which names its keys
//	keys/log.key           the log's signing keys, the newest last
//	keys/log.pub           the public half of the newest, for readers' --log-key
//	keys/release.key       the desk's own release key; may be kept elsewhere
//	keys/recovery.key      the key that may replace all others; to be kept elsewhere
//	keys/senders.ndjson    the archive of senders' DKIM keys
//	keys/people/           OpenPGP keys and certificates of people, laid there by hand
//	log/                   the log and the commitments, as they will be published
//	batches/               what each published batch says, to make it again byte for byte
//	restored               only in a desk made from a backup that has not met its archive yet
//	notices/               the texts of public statements
//	requests/              what release keys that are elsewhere are asked to sign
//	timestamps/            proofs of time of the log, as they lie in the archive
//	told/                  what readers were told at each checkpoint
//	index/                 search segments over what is not published; can be made again
//
// An archive is a public folder that needs no desk: see package archive.
package house

import "errors"

var (
	// ErrNoDesk says that the folder is no desk.
	ErrNoDesk = errors.New("no desk there")
	// ErrNoArchive says that the folder is no archive.
	ErrNoArchive = errors.New("no archive there")
	// ErrLocked says that another process works on the desk; try later.
	ErrLocked = errors.New("the desk is locked by another process")
	// ErrPassphrase says that a passphrase is missing or wrong.
	ErrPassphrase = errors.New("passphrase missing or wrong")
)

// Places inside a desk.
const (
	catalogFile    = "catalog.db"
	blobsDir       = "blobs"
	keysDir        = "keys"
	logDir         = "log"
	indexDir       = "index"
	lockFile       = "lock"
	indexLock      = "index.lock"
	genesisFile    = "genesis.json"
	logKeyFile     = keysDir + "/log.key"
	logPublicFile  = keysDir + "/log.pub"
	releaseKeyFile = keysDir + "/release.key"
	senderKeysFile = keysDir + "/senders.ndjson"

	recoveryKeyFile = keysDir + "/recovery.key"
)
