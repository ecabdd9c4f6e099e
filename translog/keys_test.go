package translog

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"unseal/proof"
	"unseal/trove"
)

// cast are the keys of a log and of people around it.
type cast struct {
	tb      testing.TB
	signers map[string]note.Signer
	keys    map[string]string
}

func newCast(tb testing.TB) *cast {
	c := &cast{tb, map[string]note.Signer{}, map[string]string{}}
	for i, name := range []string{"log", "log2", "log3"} {
		c.signers[name], c.keys[name] = testKey(tb, testOrigin, byte(i+1))
	}
	for i, name := range []string{"recovery", "ada", "ben", "cem", "thief"} {
		c.signers[name], c.keys[name] = testKey(tb, name+".example.org", byte(i+10))
	}
	c.signers["thief's log"], c.keys["thief's log"] = testKey(tb, testOrigin, 20)
	return c
}

// sign signs for the named people, in this order.
func (c *cast) sign(e Entry, names ...string) Entry {
	c.tb.Helper()
	for _, n := range names {
		e = signed(c.tb, e, c.signers[n])
	}
	return e
}

func (c *cast) list(names ...string) (keys []string) {
	for _, n := range names {
		keys = append(keys, c.keys[n])
	}
	return keys
}

// begun is a log with a recovery key, whose batches two of Ada, Ben and Cem sign.
func (c *cast) begun(entries ...Entry) *State {
	c.tb.Helper()
	s := &State{}
	begin := genesis(c.tb, func(g *Genesis) {
		g.Recovery, g.ReleaseKeys, g.ReleaseQuorum = c.keys["recovery"], c.list("ada", "ben", "cem"), 2
	})
	for _, e := range append([]Entry{begin, commitment(10)}, entries...) {
		must(c.tb, s.Apply(e.Append(nil)))
	}
	return s
}

// logKey and releaseKeys are good for the next entry of s.
func (c *cast) logKey(s *State, name string) Key {
	return Key{Effective: s.Size + 1, Keys: c.list(name), Log: s.ID, Role: RoleLog}
}

func (c *cast) releaseKeys(s *State, quorum int, names ...string) Key {
	return Key{Effective: s.Size + 1, Keys: c.list(names...), Log: s.ID, Quorum: quorum, Role: RoleRelease}
}

func (c *cast) notice(s *State, n int, kind string) Notice {
	return Notice{Kind: kind, Log: s.ID, Number: n, Text: trove.Sum([]byte("we were cut off"))}
}

func TestWhoMayReplaceKeys(t *testing.T) {
	c := newCast(t)
	s := c.begun()
	change := func(k Key, fn func(*Key)) Key { k.Keys = slices.Clone(k.Keys); fn(&k); return k }
	toLog2, toAda := c.logKey(s, "log2"), c.releaseKeys(s, 1, "ada")
	upper := strings.Replace(c.keys["log2"], strings.Split(c.keys["log2"], "+")[1], strings.ToUpper(strings.Split(c.keys["log2"], "+")[1]), 1)
	for what, x := range map[string]struct {
		e    Key
		by   []string
		want bool
	}{
		"log key, by the old one":            {toLog2, []string{"log2", "log"}, true},
		"log key, by the recovery key":       {toLog2, []string{"log2", "recovery"}, true},
		"log key, by both":                   {toLog2, []string{"recovery", "log2", "log"}, true},
		"log key, not by itself":             {toLog2, []string{"log"}, false},
		"log key, by itself alone":           {toLog2, []string{"log2"}, false},
		"log key, by release keys":           {toLog2, []string{"log2", "ada", "ben", "cem"}, false},
		"log key, by a thief":                {toLog2, []string{"log2", "thief"}, false},
		"log key, by nobody":                 {toLog2, nil, false},
		"log key of another name":            {c.logKey(s, "thief"), []string{"thief", "log"}, false},
		"log key is the recovery key":        {c.logKey(s, "recovery"), []string{"recovery", "log"}, false},
		"the same log key":                   {c.logKey(s, "log"), []string{"log"}, false},
		"two log keys":                       {change(toLog2, func(k *Key) { k.Keys = c.list("log2", "log3") }), []string{"log2", "log3", "log"}, false},
		"no log key":                         {change(toLog2, func(k *Key) { k.Keys = nil }), []string{"log"}, false},
		"a log key that is none":             {change(toLog2, func(k *Key) { k.Keys[0] = "x" }), []string{"log"}, false},
		"log key in another form":            {change(toLog2, func(k *Key) { k.Keys[0] = upper }), []string{"log2", "log"}, false},
		"log key with a quorum":              {change(toLog2, func(k *Key) { k.Quorum = 1 }), []string{"log2", "log"}, false},
		"log key for the past":               {change(toLog2, func(k *Key) { k.Effective-- }), []string{"log2", "log"}, false},
		"log key from the beginning":         {change(toLog2, func(k *Key) { k.Effective = 0 }), []string{"log2", "log"}, false},
		"log key for later":                  {change(toLog2, func(k *Key) { k.Effective++ }), []string{"log2", "log"}, false},
		"log key of another log":             {change(toLog2, func(k *Key) { k.Log[0] ^= 1 }), []string{"log2", "log"}, false},
		"another role":                       {change(toLog2, func(k *Key) { k.Role = "recovery" }), []string{"log2", "log", "recovery"}, false},
		"release keys, by two of the old":    {toAda, []string{"ben", "cem"}, true},
		"release keys, by all":               {toAda, []string{"ada", "ben", "cem"}, true},
		"release keys, by the recovery key":  {toAda, []string{"recovery"}, true},
		"release keys, by one":               {toAda, []string{"ada"}, false},
		"release keys, by one twice":         {toAda, []string{"ada", "ada"}, false},
		"release keys, by the log key":       {toAda, []string{"log"}, false},
		"release keys, by log key and one":   {toAda, []string{"log", "ben"}, false},
		"release keys, by the new ones":      {c.releaseKeys(s, 1, "thief"), []string{"thief"}, false},
		"release keys, by thief and log key": {c.releaseKeys(s, 1, "thief"), []string{"thief", "log"}, false},
		"release keys, by nobody":            {toAda, nil, false},
		"release keys without a quorum":      {c.releaseKeys(s, 0, "ada"), []string{"ada", "ben", "recovery"}, false},
		"quorum beyond the release keys":     {c.releaseKeys(s, 2, "ada"), []string{"ada", "ben"}, false},
		"no release keys":                    {c.releaseKeys(s, 0), []string{"ada", "ben"}, false},
		"a release key twice":                {c.releaseKeys(s, 2, "ada", "ada"), []string{"ada", "ben"}, false},
		"release keys for the past":          {change(toAda, func(k *Key) { k.Effective = 1 }), []string{"ada", "ben"}, false},
		"release keys of another log":        {change(toAda, func(k *Key) { k.Log = trove.Digest{} }), []string{"ada", "ben"}, false},
	} {
		s := c.begun()
		err := s.Apply(c.sign(x.e, x.by...).Append(nil))
		if (err == nil) != x.want || err != nil && !errors.Is(err, ErrIllegal) {
			t.Errorf("%s: %v, legal is %v", what, err, x.want)
		}
		if err != nil && (len(s.LogKeys) != 1 || s.ReleaseQuorum != 2 || s.Size != 2) {
			t.Errorf("%s: refused, and it left a trace", what)
		}
	}
}

// TestSignaturesFitOneEntryOnly: a good signature under another text counts as
// a wrong one, and a good entry is good in one place.
func TestSignaturesFitOneEntryOnly(t *testing.T) {
	c := newCast(t)
	s := c.begun()
	mine := c.sign(c.logKey(s, "log2"), "log2", "log").(Key)
	theirs := c.logKey(s, "thief's log")
	theirs.Signatures = mine.Signatures
	if err := s.Apply(theirs.Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("signatures under another key: %v", err)
	}
	release := c.sign(c.releaseKeys(s, 1, "ada"), "ada", "ben").(Key)
	theirs = c.releaseKeys(s, 1, "thief")
	theirs.Signatures = release.Signatures
	if err := s.Apply(theirs.Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("signatures under other release keys: %v", err)
	}
	batchSigned := c.sign(batch(1, 1, 0), "ada", "ben").(Batch)
	release.Signatures = batchSigned.Signatures
	if err := s.Apply(release.Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("signatures of a batch under new release keys: %v", err)
	}

	must(t, s.Apply(mine.Append(nil)))
	if err := s.Apply(mine.Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("played again: %v", err)
	}
	later := c.begun(index(1))
	if err := later.Apply(mine.Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("played at another place: %v", err)
	}
	// Another log with the same keys differs in its genesis entry.
	other := &State{}
	begin := genesis(t, func(g *Genesis) { g.ReleaseKeys, g.ReleaseQuorum = c.list("ada", "ben"), 2 })
	for _, e := range []Entry{begin, commitment(10)} {
		must(t, other.Apply(e.Append(nil)))
	}
	if err := other.Apply(mine.Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("played in another log of the same key: %v", err)
	}
}

func TestTheChainOfLogKeys(t *testing.T) {
	c := newCast(t)
	s := c.begun()
	must(t, s.Apply(c.sign(c.logKey(s, "log2"), "log2", "log").Append(nil))) // entry 2
	must(t, s.Apply(index(1).Append(nil)))
	if err := s.Apply(c.sign(c.logKey(s, "log3"), "log3", "log").Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("the old key names a third: %v", err)
	}
	if err := s.Apply(c.sign(c.logKey(s, "log"), "log", "log2").Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("the old key comes back: %v", err)
	}
	must(t, s.Apply(c.sign(c.logKey(s, "log3"), "log3", "recovery").Append(nil))) // entry 4
	want := []LogKey{{c.keys["log"], 0, false}, {c.keys["log2"], 3, false}, {c.keys["log3"], 5, true}}
	if !slices.Equal(s.LogKeys, want) {
		t.Errorf("%+v", s.LogKeys)
	}
	for size, name := range map[int64]string{1: "log", 2: "log", 3: "log2", 4: "log2", 5: "log3", 99: "log3"} {
		if got := s.LogKey(size); got != c.keys[name] {
			t.Errorf("%d entries are signed by %s, want %s", size, got, name)
		}
		for signer := range c.signers {
			msg, err := note.Sign(&note.Note{Text: proof.FormatCheckpoint(testOrigin, size, trove.Sum(nil))}, c.signers[signer])
			must(t, err)
			cp, err := proof.ParseCheckpoint(msg)
			must(t, err)
			if err := s.Verify(cp); (err == nil) != (signer == name) {
				t.Errorf("%d entries signed by %s: %v", size, signer, err)
			}
		}
	}
	for name, key := range c.keys {
		if got, want := s.Leads(key), strings.HasPrefix(name, "log"); got != want {
			t.Errorf("the key of %s leads to the newest: %v", name, got)
		}
	}
	if !s.Leads(LeafHash(s.Genesis.Append(nil)).String()) || s.Leads(trove.Sum(nil).String()) || s.Leads("") {
		t.Error("the hash of the genesis entry is not what leads")
	}
}

// TestARecoveryKeyOfOnesOwnLeadsNowhere: everybody knows the log key, and a
// forger has recovery keys enough. Without a signature of the log key there is
// no genesis entry that names them together.
func TestARecoveryKeyOfOnesOwnLeadsNowhere(t *testing.T) {
	c := newCast(t)
	forged := Genesis{LogKey: c.keys["log"], Origin: testOrigin, Recovery: c.keys["thief"]}
	for what, e := range map[string]Entry{
		"not signed":              forged,
		"signed by the forger":    c.sign(forged, "thief"),
		"signature of the honest": AddSignatures(forged, genesis(t).(Genesis).Signatures...),
	} {
		if err := new(State).Apply(e.Append(nil)); !errors.Is(err, ErrIllegal) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Nor can he begin with his own key and then name a key that is known:
	// that one would have to sign.
	s := &State{}
	begin := c.sign(Genesis{LogKey: c.keys["thief's log"], Origin: testOrigin, Recovery: c.keys["thief"]}, "thief's log")
	must(t, s.Apply(begin.Append(nil)))
	if err := s.Apply(c.sign(c.logKey(s, "log2"), "thief's log", "thief").Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("a known key put into a forged log: %v", err)
	}
}

func TestGenesisNamesSoundKeys(t *testing.T) {
	c := newCast(t)
	for what, change := range map[string]func(*Genesis){
		"quorum beyond keys":        func(g *Genesis) { g.ReleaseQuorum = 3 },
		"negative quorum":           func(g *Genesis) { g.ReleaseQuorum = -1 },
		"bad release key":           func(g *Genesis) { g.ReleaseKeys = []string{"x", c.keys["ada"]} },
		"release key twice":         func(g *Genesis) { g.ReleaseKeys = c.list("ada", "ada") },
		"bad log key":               func(g *Genesis) { g.LogKey = "x" },
		"key of another log":        func(g *Genesis) { g.LogKey = c.keys["ada"] },
		"log key of another signer": func(g *Genesis) { g.LogKey = c.keys["log2"] },
		"bad recovery key":          func(g *Genesis) { g.Recovery = "x" },
		"recovery by the log key":   func(g *Genesis) { g.Recovery = g.LogKey },
	} {
		e := genesis(t, func(g *Genesis) { g.ReleaseKeys, g.ReleaseQuorum = c.list("ada", "ben"), 2; change(g) })
		if err := new(State).Apply(e.Append(nil)); !errors.Is(err, ErrIllegal) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestNewReleaseKeysSignFromTheNextEntryOn(t *testing.T) {
	c := newCast(t)
	s := c.begun()
	must(t, s.Apply(c.sign(c.releaseKeys(s, 1, "thief"), "recovery").Append(nil)))
	if err := s.Apply(c.sign(batch(1, 1, 0), "ada", "ben", "cem").Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("a batch signed by the old release keys: %v", err)
	}
	must(t, s.Apply(c.sign(batch(1, 1, 0), "thief").Append(nil)))
	if err := s.Apply(c.sign(c.releaseKeys(s, 2, "ada", "ben"), "ada", "ben", "cem").Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("the old release keys put themselves back: %v", err)
	}
	must(t, s.Apply(c.sign(c.releaseKeys(s, 2, "ada", "ben"), "thief").Append(nil)))
	must(t, s.Apply(c.sign(batch(2, 1, 0), "ada", "ben").Append(nil)))
}

func TestNotices(t *testing.T) {
	c := newCast(t)
	s := c.begun()
	other := c.notice(s, 1, "cut-off")
	other.Log[3] ^= 1
	altered := c.sign(c.notice(s, 1, "cut-off"), "ada", "ben").(Notice)
	altered.Text[0] ^= 1
	for what, x := range map[string]struct {
		e    Entry
		want bool
	}{
		"two":             {c.sign(c.notice(s, 1, "cut-off"), "ada", "ben"), true},
		"three":           {c.sign(c.notice(s, 1, "statement"), "ada", "cem", "ben"), true},
		"one":             {c.sign(c.notice(s, 1, "cut-off"), "ada"), false},
		"none":            {c.notice(s, 1, "cut-off"), false},
		"the log key":     {c.sign(c.notice(s, 1, "cut-off"), "log", "ada"), false},
		"recovery key":    {c.sign(c.notice(s, 1, "cut-off"), "recovery"), false},
		"number 0":        {c.sign(c.notice(s, 0, "cut-off"), "ada", "ben"), false},
		"number 2":        {c.sign(c.notice(s, 2, "cut-off"), "ada", "ben"), false},
		"an unknown kind": {c.sign(c.notice(s, 1, "advertisement"), "ada", "ben"), false},
		"no kind":         {c.sign(c.notice(s, 1, ""), "ada", "ben"), false},
		"of another log":  {c.sign(other, "ada", "ben"), false},
		"of another text": {altered, false},
	} {
		s := c.begun()
		if err := s.Apply(x.e.Append(nil)); (err == nil) != x.want || err != nil && !errors.Is(err, ErrIllegal) {
			t.Errorf("%s: %v, legal is %v", what, err, x.want)
		}
	}
	first := c.sign(c.notice(s, 1, "not-ours"), "ada", "ben")
	must(t, s.Apply(first.Append(nil)))
	if err := s.Apply(first.Append(nil)); !errors.Is(err, ErrIllegal) {
		t.Errorf("played again: %v", err)
	}
	must(t, s.Apply(c.sign(c.notice(s, 2, "correction"), "ada", "cem").Append(nil)))
	if len(s.Notices) != 2 || s.Notices[1].Kind != "correction" || s.Notices[1].Index != 3 {
		t.Errorf("%+v", s.Notices)
	}
}

// TestAnyHistoryOfKeys plays random changes of keys, signed by random people,
// against a model of three variables.
func TestAnyHistoryOfKeys(t *testing.T) {
	c := newCast(t)
	logs, people := []string{"log", "log2", "log3", "thief's log"}, []string{"ada", "ben", "cem", "thief"}
	rapid.Check(t, func(rt *rapid.T) {
		s := c.begun()
		log, used := "log", map[string]bool{"log": true}
		release, quorum := []string{"ada", "ben", "cem"}, 2
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			by := rapid.SliceOfNDistinct(rapid.SampledFrom(append(append(logs[:4:4], people...), "recovery")), 0, 5, rapid.ID).Draw(rt, "by")
			signers := 0
			for _, p := range release {
				if slices.Contains(by, p) {
					signers++
				}
			}
			recovered := slices.Contains(by, "recovery")
			var e Entry
			var legal bool
			play := func() {}
			switch rapid.SampledFrom([]string{"log", "release", "batch"}).Draw(rt, "what") {
			case "log":
				to := rapid.SampledFrom(logs).Draw(rt, "to")
				e = c.logKey(s, to)
				legal = !used[to] && slices.Contains(by, to) && (recovered || slices.Contains(by, log))
				play = func() { log, used[to] = to, true }
			case "release":
				to := rapid.SliceOfNDistinct(rapid.SampledFrom(people), 0, 4, rapid.ID).Draw(rt, "to")
				q := rapid.IntRange(0, 4).Draw(rt, "quorum")
				e = c.releaseKeys(s, q, to...)
				legal = q >= 1 && q <= len(to) && (recovered || signers >= quorum)
				play = func() { release, quorum = to, q }
			default:
				e = batch(1, s.Collection("mail").Edition(1)+1, 0)
				legal = signers >= quorum
			}
			if err := s.Apply(c.sign(e, by...).Append(nil)); (err == nil) != legal {
				rt.Fatalf("%s signed by %v: %v, the model says %v", e.Append(nil), by, err, legal)
			}
			if legal {
				play()
			}
			if s.LogKey(s.Size) != c.keys[log] || !slices.Equal(s.ReleaseKeys, c.list(release...)) || s.ReleaseQuorum != quorum {
				rt.Fatalf("keys are %v, %v of %v, the model says %s, %d of %v", s.LogKeys, s.ReleaseQuorum, s.ReleaseKeys, log, quorum, release)
			}
		}
	})
}

// TestNoKeyHasTwoRoles: one that signs the log, or may replace its keys, is no
// release key, whatever it is named.
func TestNoKeyHasTwoRoles(t *testing.T) {
	c := newCast(t)
	_, logAsAda := testKey(t, "ada.example.org", 1)             // the seed of "log"
	log2AsBen, log2AsBenKey := testKey(t, "ben.example.org", 2) // of "log2"
	_, recoveryAsCem := testKey(t, "cem.example.org", 10)
	_, logAsRecovery := testKey(t, "recovery.example.org", 1)
	adaAsLog, adaAsLogKey := testKey(t, testOrigin, 11)
	recoveryAsLog, recoveryAsLogKey := testKey(t, testOrigin, 10)
	for what, change := range map[string]func(*Genesis){
		"log key releases":      func(g *Genesis) { g.ReleaseKeys = []string{logAsAda} },
		"recovery key releases": func(g *Genesis) { g.Recovery, g.ReleaseKeys = c.keys["recovery"], []string{recoveryAsCem} },
		"log key recovers":      func(g *Genesis) { g.Recovery = logAsRecovery },
	} {
		if err := new(State).Apply(genesis(t, change).Append(nil)); !errors.Is(err, ErrIllegal) {
			t.Errorf("%s: %v", what, err)
		}
	}
	s := c.begun()
	refused := func(what string, e Entry) {
		t.Helper()
		if err := s.Apply(e.Append(nil)); !errors.Is(err, ErrIllegal) {
			t.Errorf("%s: %v", what, err)
		}
	}
	to := func(key string) Key { k := c.logKey(s, "log2"); k.Keys = []string{key}; return k }
	refused("a release key becomes the log key", signed(t, c.sign(to(adaAsLogKey), "log"), adaAsLog))
	refused("the recovery key becomes the log key", signed(t, c.sign(to(recoveryAsLogKey), "log"), recoveryAsLog))
	must(t, s.Apply(c.sign(c.logKey(s, "log2"), "log2", "log").Append(nil)))
	for what, key := range map[string]string{"an old log key": logAsAda, "the log key": log2AsBenKey, "the recovery key": recoveryAsCem} {
		k := c.releaseKeys(s, 1, "ada")
		k.Keys = []string{key}
		refused(what+" becomes a release key", signed(t, c.sign(k, "ada", "ben"), log2AsBen))
	}
}

func TestOneKeyUnderTwoNamesIsOneKey(t *testing.T) {
	_, adaKey := testKey(t, "ada.example.org", 10)
	_, benKey := testKey(t, "ben.example.org", 10)
	_, other := testKey(t, "ben.example.org", 11)
	for what, c := range map[string]struct {
		keys []string
		ok   bool
	}{
		"two names":          {[]string{adaKey, benKey}, false},
		"one name":           {[]string{adaKey, adaKey}, false},
		"two keys":           {[]string{adaKey, other}, true},
		"two keys, one name": {[]string{benKey, other}, true},
	} {
		begin := genesis(t, func(g *Genesis) { g.ReleaseKeys, g.ReleaseQuorum = c.keys, 2 })
		if err := new(State).Apply(begin.Append(nil)); (err == nil) != c.ok {
			t.Errorf("%s in the genesis entry: %v", what, err)
		}
		recovery, recoveryKey := testKey(t, "recovery.example.org", 12)
		s := &State{}
		must(t, s.Apply(genesis(t, func(g *Genesis) { g.Recovery = recoveryKey }).Append(nil)))
		change := signed(t, Key{Effective: 2, Keys: c.keys, Log: s.ID, Quorum: 2, Role: RoleRelease}, recovery)
		if err := s.Apply(change.Append(nil)); (err == nil) != c.ok {
			t.Errorf("%s in a key entry: %v", what, err)
		}
	}
}
