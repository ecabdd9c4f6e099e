package intake_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"unseal/material"
)

// TestListsMbox takes in the smaller of the two mailboxes of the material for
// measurements, packed as it is, and accounts for every mail of it.
func TestListsMbox(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	path := filepath.Join(material.Bench(t), "lists.mbox.xz")
	const mails = 34_913
	d := newDesk(t)
	start := time.Now()
	sum := d.take(path)
	t.Logf("%v; CPU %v here, %v in children", time.Since(start), cpu(syscall.RUSAGE_SELF), cpu(syscall.RUSAGE_CHILDREN))
	if sum.Occurrences != mails || sum.Items != mails || sum.Unreadable != 0 || sum.NotMail != 0 {
		t.Errorf("%+v", sum)
	}
	d.verify(coll)
}

func cpu(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
