package collector_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// Random sequences of pages, made of what Prometheus and a Target agree on, are
// the same in both databases to the last bit, but for scrape_series_added where
// the first sample of a series is refused.
func TestTarget_AgreesWithPrometheusOnRandomPages(t *testing.T) {
	noNames(t)
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 1))
				pages := make([]exchange, 60)
				for i := range pages {
					pages[i] = randomPage(rng, i)
				}
				theirs, ours := openReceiver(t), openReceiver(t)
				c := comparison{pages: pages}
				x := scrapeWithPrometheus(t, theirs, usualLabels, c)
				took := x.took
				replay(t, ours, usualLabels, c.form, took)
				d := difference(x.stored, stored(t, ours, took))
				d = slices.DeleteFunc(d, func(line string) bool { return strings.HasPrefix(line[2:], "added ") })
				if len(d) > 0 {
					t.Errorf("Prometheus alone has (-), a Target alone has (+):\n%s", strings.Join(d, "\n"))
					for i, p := range took {
						t.Logf("page %d: down=%v\n%s", i+1, p.down, p.body)
					}
				}
			})
		})
	}
}

func randomPage(rng *rand.Rand, number int) exchange {
	switch rng.IntN(12) {
	case 0:
		return down()
	case 1:
		return text("")
	case 2:
		return text("}\na 1\n")
	}
	var b strings.Builder
	names := []string{"a", "b", "c", "d", "e", `f{x="1"}`, `f{x="2",y="3"}`, `g{job="x"}`, `h{exported_job="x",job="y"}`}
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	if rng.IntN(3) > 0 { // the usual page is the one before, with a series more or less
		slices.Sort(names)
	}
	for _, name := range names {
		if rng.IntN(4) == 0 {
			continue
		}
		if rng.IntN(5) == 0 {
			fmt.Fprintf(&b, "# HELP %s x%d\n", name[:1], number)
		}
		fmt.Fprintf(&b, "%s %v", name, rng.NormFloat64())
		// The first two series have their own time, from before the scrape
		// before to a little after this one, always or at times.
		if name == "a" || name == "b" && rng.IntN(3) == 0 {
			fmt.Fprintf(&b, " @%d", rng.IntN(15000)-14000)
		}
		b.WriteByte('\n')
		if rng.IntN(10) == 0 && name != "a" && name != "b" {
			fmt.Fprintf(&b, "%s 7\n", name)
		}
	}
	return text(b.String())
}
