package thread

// Missing lists for each message the ids that it names above itself and that
// none of the messages has, each once, oldest first. As in [Trees] the newest
// 200 of one message count. Unlike the ghosts of a tree, which are only those
// that hold it together, these are all that is known to be absent.
func Missing(msgs []Message) [][]string {
	present := make(map[string]bool, len(msgs))
	for i := range msgs {
		present[msgs[i].ID] = true
	}
	missing := make([][]string, len(msgs))
	for i := range msgs {
		seen := map[string]bool{"": true}
		for _, id := range parents(&msgs[i]) {
			if !present[id] && !seen[id] {
				seen[id] = true
				missing[i] = append(missing[i], id)
			}
		}
	}
	return missing
}
