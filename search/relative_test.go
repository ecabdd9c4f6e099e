package search

import (
	"testing"
	"time"
)

// someDay is the day on which the tests of relative dates ask.
var someDay = time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC)

func TestRelativeDatesAreOfferedAbsolutely(t *testing.T) {
	for text, offered := range map[string]string{
		"older_than:1y budget":                  "before:2025-03-31 budget",
		"Newer_Than:2d":                         "after:2026-03-29",
		"budget date:yesterday -draft":          "budget date:2026-03-30 -draft",
		"after:last_week":                       "after:2026-03-24",
		"date:2weeks..":                         "date:2026-03-17..",
		"date:2015..today":                      "date:2015..2026-03-31",
		"date:>=NOW-1YEAR":                      "date:>=2025-03-31",
		"published:[NOW-3DAYS TO NOW]":          "published:[2026-03-28 TO 2026-03-31]",
		"date:[NOW/DAY TO *}":                   "date:[2026-03-31 TO *}",
		"older_than:1y newer_than:1_week_ago x": "before:2025-03-31 after:2026-03-24 x",
		"on:(yesterday OR 2015)":                "on:(2026-03-30 OR 2015)",
		"newer_than:1m":                         "after:2026-03-03", // the 31st of February
		"date:soon":                             "",
		`date:"yesterday"`:                      "",
		"older_than:9999y":                      "",
		"date:x..2015":                          "",
	} {
		q, err := ParseOn(text, someDay)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if len(q.Notes) != 1 || q.Notes[0].Code != "relative-date" || q.Notes[0].Query != offered {
			t.Errorf("%s: %+v, want %s", text, q.Notes, offered)
			continue
		}
		if again, err := ParseOn(offered, someDay); err != nil || len(again.Notes) > 0 {
			t.Errorf("%s: what is offered has notes itself, or is refused: %v", offered, err)
		}
	}
}

func TestAQueryMeansTheSameOnEveryDay(t *testing.T) {
	for _, text := range []string{"older_than:1y budget", "date:yesterday", "date:[NOW-1MONTH TO NOW]", "date:2weeks.."} {
		a, err1 := ParseOn(text, someDay)
		b, err2 := ParseOn(text, someDay.AddDate(1, 2, 3))
		if err1 != nil || err2 != nil || tree(a.Root) != tree(b.Root) {
			t.Errorf("%s: %v %v, %s and %s", text, err1, err2, a, b)
		}
	}
}

func TestNotesOfferTheWholeQuery(t *testing.T) {
	for text, offered := range map[string]string{
		"schedule OR plan budget":         "(schedule OR plan) budget",
		"x (schedule OR plan budget) -y":  "x ((schedule OR plan) budget) -y",
		"frm:mary budget":                 "from:mary budget",
		"a^2 b^3":                         "",
		"harbour from:(mary OR omar ann)": "harbour from:((from:mary OR from:omar) from:ann)",
	} {
		q := parsed(t, text)
		if len(q.Notes) != 1 || q.Notes[0].Query != offered {
			t.Errorf("%s: %+v, want %s", text, q.Notes, offered)
		}
		if offered != "" {
			parsed(t, offered)
		}
	}
}
