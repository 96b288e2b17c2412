package collector_test

// ownComparisons are about samples that carry their own timestamps. @-500 is 500
// milliseconds before the scrape; scrapes are 10 seconds apart.
var ownComparisons = []comparison{
	{
		name:  "own timestamps: new, the same, older, newer",
		pages: []exchange{text("a 1 @-500\n"), text("a 2 @-500\n"), text("a 2 @-10500\n"), text("a 3 @-25000\n"), text("a 4 @0\n"), text("a 4 @-10000\n"), text("a 5 @-1\n")},
	},
	{
		name:  "own timestamps: same time, other value",
		pages: []exchange{text("a 1 @-500\n"), text("a 2 @-10500\n"), text("a 3 @-20500\n"), text("a 4 @0\n")},
	},
	{
		name:  "own timestamps: in the future",
		pages: []exchange{text("a 1 @60000\n"), text("a 2 @0\n"), text("a 3\n"), text("a 4 @40000\n"), text("a 5\n"), text("a 6\n"), text("a 7\n"), text("a 8\n"), text("a 9\n"), text("a 10\n")},
	},
	{
		name:  "own timestamps: too far in the future",
		pages: []exchange{text("a 1 @600000\nb 1 @600001\n"), text("a 2 @0\nb 2 @0\n"), text("b 3 @9999999999999\n"), text("b 4\n"), text("b 5 @9223372036854775807\n"), text("b 6\n")},
		why:   "a series is added when the page has it, even if its first sample is refused",
		differs: []string{
			`- added #1 1`,
			`- added #2 1`,
			`+ added #1 2`,
			`+ added #2 0`,
		},
	},
	{
		name:  "own timestamps: vanished series gets no stale marker",
		pages: []exchange{text("a 1 @-500\nb 1\n"), text("b 1\n"), text("b 1\na 2 @-500\n"), text("b 1\na 3\n"), text("b 1\n")},
	},
	{
		name:  "own timestamps: plain turns own",
		pages: []exchange{text("a 1\n"), text("a 2 @-500\n"), text("a 3 @-500\n"), text("a 4 @-500\n")},
	},
	{
		name:  "own timestamps: plain turns own at the moment",
		pages: []exchange{text("a 1\n"), text("a 2 @0\n"), text("a 3 @5\n"), text("a 4\n"), text("a 5 @5\n"), text("b 1\n")},
	},
	{
		name:  "own timestamps: plain turns own in the past",
		pages: []exchange{text("a 1\n"), text("a 2 @-10000\n"), text("a 2 @-10001\n"), text("a 2 @-9999\n")},
	},
	{
		name:  "own timestamps: own turns plain and back",
		pages: []exchange{text("a 1 @-500\n"), text("a 2\n"), text("a 3 @-500\n"), text("a 4\n"), text("a 5 @-9000\n"), text("a 5 @-20000\n")},
	},
	{
		name:  "own timestamps: series returns older than its stale marker",
		pages: []exchange{text("a 1\n"), text("b 1\n"), text("b 1\na 2 @-15000\n"), text("b 1\na 3 @-5000\n")},
		why:   "a series is added when the page has it, even if its first sample is refused",
		differs: []string{
			`- added #3 0`,
			`- added #4 1`,
			`+ added #3 1`,
			`+ added #4 0`,
		},
	},
	{
		name:  "own timestamps: series returns older than the failure",
		pages: []exchange{text("a 1\n"), down(), text("b 1\na 2 @-15000\n"), text("b 1\na 3 @-5000\n"), down(), text("b 1\na 4 @-5000\n")},
	},
	{
		name:  "own timestamps: page fails",
		pages: []exchange{text("a 1 @-500\nb 1\n"), text("a 2 @-500\n}\n"), text("a 3 @-15000\nb 1\n"), text("a 4 @-1\n}\n"), text("a 5 @0\n")},
	},
	{
		name:  "own timestamps: several of one series on a page",
		pages: []exchange{text("a 1 @-500\na 2 @-400\na 3 @-450\na 4 @-400\n"), text("a 5 @-10400\na 6 @-10300\n"), text("b 0\n")},
	},
	{
		name:  "own and plain on one page, own first",
		pages: []exchange{text("a 1 @-500\na 2\n"), text("a 3 @-500\na 4\n"), text("a 5\n"), text("b 1\n")},
	},
	{
		name:  "own and plain on one page, plain first",
		pages: []exchange{text("a 2\na 1 @-500\n"), text("a 4\na 3 @-500\n"), text("a 5\na 5 @0\n"), text("b 1\n")},
	},
	{
		name:  "own and plain on one page, plain first, own in the future",
		pages: []exchange{text("a 1\na 2 @5\n"), text("a 3\n"), text("b 1\n")},
		why:   "of a series that stands on a page with and without a timestamp, the first sample wins",
		differs: []string{
			`- a #1+5ms 2`,
		},
	},
}
