package node

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	dto "github.com/prometheus/client_model/go"
)

// fixtureFlags point the collectors to a small host in testdata, and enable some that read only there.
func fixtureFlags(more ...string) []string {
	return append([]string{
		"--path.procfs=testdata/host/proc", "--path.sysfs=testdata/host/sys", "--collector.disable-defaults",
		"--collector.cpu", "--collector.filefd", "--collector.hwmon", "--collector.loadavg", "--collector.meminfo",
		"--collector.stat", "--collector.textfile", "--collector.vmstat",
	}, more...)
}

// durations are the only lines in which two pages of an unchanging host differ.
var durations = regexp.MustCompile(`(?m)^.*node_scrape_collector_duration_seconds.*\n`)

func writeFile(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestHost_Fixture(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "backup.prom", "# TYPE backup_age_seconds gauge\nbackup_age_seconds{set=\"a\"} 3.5\n"+
		"# HELP backup_duration_seconds How long.\n# TYPE backup_duration_seconds histogram\n"+
		"backup_duration_seconds_bucket{le=\"1\"} 2\nbackup_duration_seconds_bucket{le=\"+Inf\"} 3\n"+
		"backup_duration_seconds_sum 9\nbackup_duration_seconds_count 3\n")
	writeFile(t, dir, "ignored.txt", "ignored 1\n")
	a, log := process(t, job{Args: fixtureFlags("--collector.textfile.directory=" + dir), Pages: 2, Theirs: true})

	if want := []string{"cpu", "filefd", "hwmon", "loadavg", "meminfo", "stat", "textfile", "vmstat"}; !slices.Equal(a.Names, want) {
		t.Errorf("Names() = %q, want %q", a.Names, want)
	}
	if ours, theirs := a.Ours, durations.ReplaceAllString(a.Theirs, ""); ours != theirs {
		t.Errorf("our page:\n%s\nnode_exporter's:\n%s", ours, theirs)
	}
	has(t, a.Ours,
		`node_cpu_seconds_total{cpu="0",mode="user"} 1518.54`,
		`node_hwmon_temp_celsius{chip="coretemp",sensor="temp1"} 55`,
		"node_filefd_allocated 1024", "node_load1 0.21", "node_memory_MemTotal_bytes 3.831959552e+09",
		"node_boot_time_seconds 1.418183276e+09", "node_vmstat_pgpgin 7.344136e+06",
		"# HELP backup_age_seconds Metric read from "+dir+"/backup.prom", `backup_age_seconds{set="a"} 3.5`,
		`backup_duration_seconds_bucket{le="1"} 2`, "node_textfile_scrape_error 0",
		`node_scrape_collector_success{collector="textfile"} 1`)
	lacks(t, a.Ours, "ignored", "node_scrape_collector_duration_seconds")
	if log != "" {
		t.Errorf("logged:\n%s", log)
	}
	if a.Errors[1] != "<nil>" {
		t.Errorf("error %s", a.Errors[1])
	}
}

func TestHost_ReportDuration(t *testing.T) {
	a, _ := process(t, job{Args: fixtureFlags("--collector.report-duration"), Pages: 1, Theirs: true})
	blank := func(page string) string {
		return regexp.MustCompile(`(?m)^(node_scrape_collector_duration_seconds{.*}) .*$`).ReplaceAllString(page, "$1 *")
	}
	if blank(a.Ours) != blank(a.Theirs) {
		t.Errorf("our page:\n%s\nnode_exporter's:\n%s", a.Ours, a.Theirs)
	}
	has(t, blank(a.Ours), `node_scrape_collector_duration_seconds{collector="cpu"} *`)
}

func TestHost_BrokenTextfile(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "broken.prom", "this is {not a metric\n")
	writeFile(t, dir, "fine.prom", "fine 1\n")
	a, log := process(t, job{Args: fixtureFlags("--collector.textfile.directory=" + dir), Pages: 3})
	has(t, a.Ours, "node_textfile_scrape_error 1", "fine 1", "node_load1 0.21")
	if n := strings.Count(log, "failed to collect textfile data"); n != 1 || strings.Count(log, "\n") != 1 {
		t.Errorf("logged in three pages:\n%s", log)
	}
}

func TestHost_DuplicateInTextfiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"one.prom", "two.prom"} {
		writeFile(t, dir, name, "# HELP dup A duplicate.\n# TYPE dup gauge\ndup{a=\"b\"} 1\n"+name[:3]+" 1\n")
	}
	a, _ := process(t, job{Args: fixtureFlags("--collector.textfile.directory=" + dir), Pages: 2, Theirs: true})
	for _, err := range a.Errors {
		if !strings.Contains(err, `"dup"`) || !strings.Contains(err, "was collected before") {
			t.Errorf("error %q", err)
		}
	}
	has(t, a.Ours, `dup{a="b"} 1`, "one 1", "two 1", "node_load1 0.21")
	if theirs := durations.ReplaceAllString(a.Theirs, ""); a.Ours != theirs {
		t.Errorf("our page:\n%s\nnode_exporter's:\n%s", a.Ours, theirs)
	}
}

// TestHost_Here compares with node_exporter on the machine of the test, with all defaults. Values change between the two
// pages, and so may label sets of things that come and go; of stable families the label sets must agree.
func TestHost_Here(t *testing.T) {
	c, err := New(Config{ReportDuration: true})
	if err != nil {
		t.Fatal(err)
	}
	families, err := c.Gather(t.Context())
	if err != nil {
		t.Error(err)
	}
	page, err := theirPage()
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	theirs, err := parser.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"node_uname_info", "node_cpu_seconds_total", "node_memory_MemAvailable_bytes"} {
		if theirs[name] == nil {
			t.Errorf("this machine has no %s to compare", name)
		}
	}
	for _, ours := range families {
		name := ours.GetName()
		other := theirs[name]
		delete(theirs, name)
		if other == nil {
			t.Errorf("node_exporter has no %s", name)
			continue
		}
		if ours.GetHelp() != other.GetHelp() || ours.GetType() != other.GetType() {
			t.Errorf("%s: %v %q, node_exporter has %v %q", name, ours.GetType(), ours.GetHelp(), other.GetType(), other.GetHelp())
		}
		if stable(name) && !slices.Equal(labelSets(ours), labelSets(other)) {
			t.Errorf("%s: %q, node_exporter has %q", name, labelSets(ours), labelSets(other))
		}
	}
	for name := range theirs {
		t.Errorf("%s is missing", name)
	}
}

func stable(name string) bool {
	return regexp.MustCompile(`^node_(uname_info|cpu_|memory_|load|vmstat_|netstat_|scrape_)`).MatchString(name)
}

func labelSets(mf *dto.MetricFamily) []string {
	var sets []string
	for _, m := range mf.GetMetric() {
		var b strings.Builder
		for _, l := range m.GetLabel() {
			b.WriteString(l.GetName() + "=" + l.GetValue() + ",")
		}
		sets = append(sets, b.String())
	}
	slices.Sort(sets)
	return sets
}
