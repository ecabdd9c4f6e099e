// Package durable writes files so that they survive a crash of the process,
// of the machine and, as far as software can tell, of the disk.
//
// A file written by [WriteFile] or [WriteStream] goes through these system
// calls, in this order, and the function returns only after the last:
//
//	openat(dir/.tmp-…, O_CREAT|O_EXCL|O_WRONLY)
//	write …
//	fsync(file)
//	close
//	renameat(dir/.tmp-…, dir/name)
//	openat(dir), fsync(dir), close
//
// A reader therefore sees the old bytes or the new ones, never a mixture; and
// once the call has returned nil, the new ones, whatever happens. The folder's
// fsync is what makes the name durable: without it the rename may be lost.
// [WriteFile] never returns early because equal bytes are there already, since
// what can be read back from the page cache need not be on the disk.
//
// # Errors of fsync
//
// After a failed fsync the kernel may have dropped the dirty pages and marked
// them clean (Rebello et al., "Can Applications Recover from fsync Failures?",
// USENIX ATC 2020), so a second fsync that succeeds proves nothing. Every such
// failure matches [ErrSync]. A [Folder] that has met one refuses all further
// changes with the same error: the only way on is to stop the process and to
// start over from what is really there.
//
// # Steps
//
// [Step] is called around each of the calls above, so that a test build can
// kill the process at a numbered moment (package crash). In production it is
// nil and costs one comparison.
//
// # What this does not do
//
// It takes no locks: one process writes at a time. It relies on rename within
// one file system being atomic, and on fsync of a folder reaching the disk, as
// on ext4, XFS, Btrfs and ZFS; it does not know whether the disk itself lies
// about flushing its cache. Names are slash-separated, relative, and never
// leave the folder that was opened ([os.Root]).
//
// BUG(unseal): on macOS fsync does not flush the drive's cache; Go's File.Sync
// uses F_FULLFSYNC there, but a folder's sync is best effort.
package durable
