// Package translog is the public append-only log of an archive: its entries,
// their state machine, the tiles they lie in, and the signed checkpoint.
//
// The layout is that of c2sp.org/tlog-tiles@v0.1.0 below one folder:
//
//	checkpoint                      signed note, c2sp.org/tlog-checkpoint@v1.0.0
//	cosigned                        earlier checkpoints that witnesses cosigned, if any
//	tile/entries/000, x001/234 …    256 entries each, every one after its length in two bytes
//	tile/0/000 …                    256 leaf hashes each
//	tile/1/000 …                    256 hashes of full tiles of level 0 each, and so on
//	tile/0/000.p/42                 the last tile of a level, while it holds fewer
//
// The invariant: the checkpoint is written last. What it covers was durable
// before; what lies beyond it was never published. Package translog/writer
// appends to a log; this one reads and judges it.
//
// The package imports no os: it is given a function that reads a file.
package translog
