package archive

import (
	"fmt"
	"path"
	"strconv"

	"unseal/trove"
)

// The names of files in an archive.
const (
	InfoPath     = "unseal.json"
	KeysPath     = "keys.json"
	CheckerPath  = "verify.html" // the page with which a reader checks an item
	LogDir       = "log"
	ManifestName = "manifest.json"
	ItemsName    = "items.zip"
	SegmentName  = "search.seg"
	SumsName     = "SHA256SUMS"
)

// CollectionPath is where the description of a collection lies.
func CollectionPath(c trove.CollectionName) string {
	return path.Join("c", string(c), "collection.json")
}

// CommitmentDir is the folder of the tiles of commitment k.
func CommitmentDir(c trove.CollectionName, k int) string {
	return path.Join("c", string(c), "commitment", strconv.Itoa(k))
}

// BatchDir is the folder of an edition of a batch.
func BatchDir(c trove.CollectionName, batch, edition int) string {
	return path.Join("c", string(c), "batch", fmt.Sprintf("%04d", batch), strconv.Itoa(edition))
}

// ItemName is the name of an item's member in items.zip. It owes nothing to
// what the item calls itself.
func ItemName(number int, kind trove.Kind) string {
	ext := ".bin"
	if kind == trove.Mail {
		ext = ".eml"
	}
	return strconv.Itoa(number) + ext
}

// recordsName is the name of the member with the records from number on.
func recordsName(number int) string { return "records/" + strconv.Itoa(number) + ".ndjson" }

// madeDir begins the names of members that are files made of items.
const madeDir = "made/"

// madeName is the name of the member with a file made of number n.
func madeName(n int, name string) string { return madeDir + strconv.Itoa(n) + "/" + name }
