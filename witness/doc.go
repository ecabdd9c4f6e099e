// Package witness looks over the shoulder of logs: it cosigns a checkpoint
// only if that goes on from all that it has cosigned before, so that a log
// cannot show one history to some and another to others.
//
// [Server] is such a witness for the logs whose keys it is given
// (c2sp.org/tlog-witness@v1.0.0, cosignatures by Ed25519 as in
// c2sp.org/tlog-cosignature@v1.0.1); [Client] asks one. Both work with logs and
// witnesses of other makers.
//
// The invariant: what was cosigned is durable before the cosignature leaves
// the house, so that a witness that was killed, or whose power went, still
// knows it. It has one folder, used by one process:
//
//	witness                       the witness's public key
//	lock                          held by that process (package house)
//	log/<digest of origin>/       of each log:
//	    latest                    the newest checkpoint cosigned, as the log signed it
//	    evidence/<what>-<digest>/ two checkpoints of it that do not agree, a and b
//
// Of a split view (one size, two roots, both signed) anyone may have both
// notes: GET …/evidence hands them out, and a [Client] finds them there.
//
// A folder that is lost, or put back to an older state, is the end of the key:
// who has forgotten what he signed must not sign again.
package witness
