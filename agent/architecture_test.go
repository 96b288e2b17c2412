package agent_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The direction is cmd → agent → {buffer, wal, proto}; the three leaves import
// neither each other nor the agent, and buffer and wal nothing but the standard
// library.
func TestArchitecture_Imports(t *testing.T) {
	const module = "github.com/edgetick/edgetick/"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) < 8 {
		t.Fatalf("only %d packages", len(lines))
	}
	for _, line := range lines {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module)
		layer, _, _ := strings.Cut(pkg, "/")
		for _, imported := range fields[1:] {
			inside := strings.TrimPrefix(imported, module)
			to, _, _ := strings.Cut(inside, "/")
			own := inside != imported
			switch layer {
			case "buffer", "wal":
				if own || strings.Contains(to, ".") {
					t.Errorf("%s imports %s", pkg, imported)
				}
			case "proto":
				if own {
					t.Errorf("%s imports %s", pkg, imported)
				}
			case "agent":
				if own && to == "cmd" {
					t.Errorf("%s imports %s", pkg, imported)
				}
				if imported == "github.com/prometheus/prometheus/storage/remote" || strings.Contains(imported, "prometheus/discovery") {
					t.Errorf("%s imports %s, which is too heavy for an agent", pkg, imported)
				}
			case "cmd":
			default:
				t.Errorf("%s is outside of the folders that there are", pkg)
			}
		}
	}
}
