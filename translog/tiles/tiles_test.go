package tiles

import (
	"testing"

	"pgregory.net/rapid"

	"unseal/trove"
)

func TestTilePathsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tile := Tile{rapid.IntRange(Entries, 7).Draw(t, "level"), rapid.Int64Range(0, 1<<40).Draw(t, "n"), rapid.IntRange(1, Width).Draw(t, "width")}
		if got, ok := Parse(tile.Path()); !ok || got != tile {
			t.Fatalf("%+v → %s → %+v", tile, tile.Path(), got)
		}
	})
	for path, want := range map[string]Tile{
		"tile/entries/000":         {Entries, 0, 256},
		"tile/0/x001/234.p/7":      {0, 1234, 7},
		"tile/2/x001/x234/067.p/1": {2, 1234067, 1},
	} {
		if got, ok := Parse(path); !ok || got != want {
			t.Errorf("%s: %+v", path, got)
		}
	}
	for _, bad := range []string{"tile/0/1", "tile/data/000", "tile/8/0/000", "tile/entries/000.p/256", "tile/0/000.p/0", "checkpoint", "tile/0/000/", "tile/entries/-1"} {
		if got, ok := Parse(bad); ok {
			t.Errorf("%s: %+v", bad, got)
		}
	}
}

func TestEdgeAgreesWithTheWholeTree(t *testing.T) {
	agree := func(t interface{ Fatalf(string, ...any) }, size int) {
		leaves := make([]trove.Digest, size)
		for i := range leaves {
			leaves[i] = trove.Digest{byte(i), byte(i >> 8), byte(i >> 16)}
		}
		levels := make([][]trove.Digest, Levels(int64(len(leaves))))
		var e Edge
		for _, l := range leaves {
			err := e.Add(l, func(t Tile, h []trove.Digest) error {
				levels[t.Level] = append(levels[t.Level], h...)
				return nil
			})
			if err != nil {
				t.Fatalf("%v", err)
			}
		}
		err := e.Partial(func(p Tile, h []trove.Digest) error {
			levels[p.Level] = append(levels[p.Level], h...)
			return nil
		})
		if err != nil {
			t.Fatalf("%v", err)
		}
		for i := range levels {
			if got := Root(levels[:i+1]); got != RootOf(leaves) || got != e.Root() {
				t.Fatalf("%d leaves, from level %d: another root", len(leaves), i)
			}
			width := 0
			for _, tile := range Of(int64(len(leaves)), i) {
				width += tile.Width
			}
			if width != len(levels[i]) {
				t.Fatalf("level %d has %d hashes, its tiles %d", i, len(levels[i]), width)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) { agree(t, rapid.IntRange(0, 2000).Draw(t, "size")) })
	for _, size := range []int{65_535, 65_536, 65_537, 70_000} {
		agree(t, size)
	}
}

func FuzzTile(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00\x00"), 2)
	f.Add(make([]byte, 64), 2)
	f.Fuzz(func(t *testing.T, b []byte, width int) {
		if width < 1 || width > Width {
			return
		}
		tile := Tile{Entries, 0, width}
		if lines, err := tile.SplitEntries(b); err == nil && len(lines) != width {
			t.Fatalf("%d entries in a tile of %d", len(lines), width)
		}
		for w := 1; w <= width; w++ {
			part := tile.Cut(b, w)
			if part != nil && (Tile{Entries, 0, w}).Check(part) != nil {
				t.Fatalf("a cut tile that is none: %q", part)
			}
		}
	})
}
