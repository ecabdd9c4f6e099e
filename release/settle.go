package release

import "context"

// Settle finishes what a stop left between the log and the catalog, so that
// what the catalog says of an item's state holds: an item that the log says is
// published is published. Durable on return.
func (r *Desk) Settle(ctx context.Context) error { return r.settle(ctx) }
