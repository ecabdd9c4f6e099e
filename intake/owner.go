package intake

import "strings"

// mailFolders are names that mail programs give to the folders of one mailbox,
// so that the folder around them is the mailbox owner's.
var mailFolders = map[string]bool{
	"inbox": true, "sent": true, "sent_items": true, "sent items": true, "sent mail": true, "_sent_mail": true,
	"drafts": true, "trash": true, "deleted_items": true, "deleted items": true, "all_documents": true,
	"discussion_threads": true, "archive": true, "junk": true, "spam": true, "outbox": true,
	"cur": true, "new": true,
}

// OwnerOf takes the mailbox owner from a path of folders, "/" between them,
// the file's own name last. The first rule that fits decides; empty if none does:
//
//  1. maildir/OWNER/…, as collections of many people's mailboxes have it;
//  2. OWNER/Maildir/cur/…, as in a home folder;
//  3. OWNER/inbox/…, OWNER/sent_items/… and the like.
func OwnerOf(path string) string {
	parts := strings.Split(path, "/")
	folders := parts[:len(parts)-1]
	is := func(i int, name string) bool { return strings.EqualFold(folders[i], name) }
	for i := range folders {
		if !is(i, "maildir") {
			continue
		}
		inside := i+1 == len(folders) || mailFolders[strings.ToLower(folders[i+1])] || is(i+1, "tmp") || strings.HasPrefix(folders[i+1], ".")
		switch {
		case !inside:
			return folders[i+1]
		case i > 0:
			return folders[i-1]
		}
		return ""
	}
	for i := 1; i < len(folders); i++ {
		if mailFolders[strings.ToLower(folders[i])] {
			return folders[i-1]
		}
	}
	// OWNER/inbox as an mbox file.
	if n := len(folders); n > 0 && mailFolders[strings.ToLower(strings.TrimSuffix(parts[n], ".mbox"))] {
		return folders[n-1]
	}
	return ""
}
