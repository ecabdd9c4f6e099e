// Package translog is what the public append-only log of an archive says: its
// entries, the state machine that judges each by those before it, and the keys
// that sign it.
//
// The log lies in one folder, in the layout of c2sp.org/tlog-tiles@v0.1.0:
//
//	checkpoint                      signed note, c2sp.org/tlog-checkpoint@v1.0.0
//	cosigned                        earlier checkpoints that witnesses cosigned, if any
//	tile/entries/000, x001/234 …    256 entries each, every one after its length in two bytes
//	tile/0/000 …                    256 leaf hashes each
//	tile/1/000 …                    256 hashes of full tiles of level 0 each, and so on
//	tile/0/000.p/42                 the last tile of a level, while it holds fewer
//
// The invariant: the checkpoint is written last. What it covers was durable
// before; what lies beyond it was never published. Package translog/tiles reads
// these files, package translog/writer writes them.
package translog

import "errors"

// Files below the log's folder beside the tiles.
const (
	CheckpointPath = "checkpoint"
	// CosignedPath is the file of earlier checkpoints that witnesses have
	// cosigned: by size, an empty line between them. It is there once there is
	// one.
	CosignedPath = "cosigned"
)

// ErrFork says that going on would sign a log that contradicts a checkpoint
// signed before. Stop: restore the state that belongs to that checkpoint.
var ErrFork = errors.New("the log would fork")
