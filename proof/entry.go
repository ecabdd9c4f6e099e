package proof

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"unseal/trove"
)

// Item is the log entry that puts an edition of an item out.
type Item struct {
	Batch      int
	Collection trove.CollectionName
	Edition    int
	Number     int
	Shown      trove.Digest // of the edition's salt and the bytes shown; see [Salted]
}

// Append writes the one line that stands in the log: canonical JSON.
func (e Item) Append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"batch":`...), int64(e.Batch), 10)
	b = append(append(b, `,"collection":"`...), e.Collection...)
	b = strconv.AppendInt(append(b, `","edition":`...), int64(e.Edition), 10)
	b = strconv.AppendInt(append(b, `,"number":`...), int64(e.Number), 10)
	b = hex.AppendEncode(append(b, `,"shown":"`...), e.Shown[:])
	return append(b, `","type":"item"}`...)
}

// ParseItem reads exactly what Append writes.
func ParseItem(line []byte) (Item, error) {
	var e Item
	rest := line
	e.Batch = uintField(&rest, `{"batch":`)
	e.Collection = trove.CollectionName(stringField(&rest, `,"collection":"`))
	e.Edition = uintField(&rest, `,"edition":`)
	e.Number = uintField(&rest, `,"number":`)
	sum := stringField(&rest, `,"shown":"`)
	if len(sum) != 2*len(e.Shown) {
		return Item{}, errItem
	}
	if _, err := hex.Decode(e.Shown[:], sum); err != nil {
		return Item{}, errItem
	}
	if _, err := trove.ParseCollection(string(e.Collection)); err != nil {
		return Item{}, err
	}
	if e.Batch == 0 || e.Edition == 0 || e.Number == 0 || !bytes.Equal(line, e.Append(make([]byte, 0, 256))) {
		return Item{}, errItem
	}
	return e, nil
}

var errItem = errors.New("not an item entry in canonical form")

// maxCount bounds numbers of items, batches and editions, as trove.Name does.
const maxCount = 1<<31 - 1

// uintField takes prefix and the digits behind it off rest; 0 if they are not there.
func uintField(rest *[]byte, prefix string) int {
	b, ok := bytes.CutPrefix(*rest, []byte(prefix))
	n, i := int64(0), 0
	for ; ok && i < len(b) && b[i] >= '0' && b[i] <= '9' && n <= maxCount; i++ {
		n = 10*n + int64(b[i]-'0')
	}
	*rest = b[i:]
	if n > maxCount {
		return 0
	}
	return int(n)
}

// stringField takes prefix and what stands before the next quote off rest.
func stringField(rest *[]byte, prefix string) []byte {
	b, _ := bytes.CutPrefix(*rest, []byte(prefix))
	value, tail, ok := bytes.Cut(b, []byte{'"'})
	if !ok {
		return nil
	}
	*rest = tail
	return value
}

// Commitment is the log entry that fixes a collection: its numbers First to
// First+Count-1, before any of them is published.
type Commitment struct {
	Collection trove.CollectionName `json:"collection"`
	Count      int                  `json:"count"`
	First      int                  `json:"first"`
	Inventory  trove.Digest         `json:"inventory"` // see Secret.Inventory
	K          int                  `json:"k"`         // 1 for the collection, more for supplements
	Previous   trove.Digest         `json:"previous"`  // root of commitment K-1, empty for the first
	Root       trove.Digest         `json:"root"`      // over the item commitments
	Rule       string               `json:"rule"`      // of segmentation
	Time       time.Time            `json:"time"`      // as the publisher states it, UTC, whole seconds
	Type       string               `json:"type"`      // "commitment"
}

// Append writes the one line that stands in the log: canonical JSON.
func (e Commitment) Append(b []byte) []byte {
	e.Type = "commitment"
	e.Time = e.Time.UTC().Truncate(time.Second)
	line, err := json.Marshal(e)
	if err != nil {
		panic(err) // every field marshals, save a year beyond 9999
	}
	return append(b, line...)
}

// ParseCommitment reads exactly what Append writes.
func ParseCommitment(line []byte) (Commitment, error) {
	var e Commitment
	if err := json.Unmarshal(line, &e); err != nil {
		return e, fmt.Errorf("commitment entry: %v", err)
	}
	if e.Type != "commitment" || e.K < 1 || e.First < 1 || e.Count < 1 || e.First > maxCount-e.Count {
		return e, errors.New("commitment entry: not with these numbers")
	}
	if _, err := trove.ParseCollection(string(e.Collection)); err != nil {
		return e, err
	}
	if y := e.Time.Year(); y < 1 || y > 9999 || !bytes.Equal(line, e.Append(nil)) || bytes.IndexByte(line, '\\') >= 0 {
		return e, errors.New("commitment entry: not in canonical form")
	}
	return e, nil
}
