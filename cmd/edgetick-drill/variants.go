package main

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// variants are the settings with which an agent is weighed: all that change what
// goes over the wire, as far as the installed program knows them.
func (p program) variants() []settings {
	list := []settings{{}}
	switch {
	case p.name == edgetickName:
		list = edgetickVariants()
	case p.name == prometheusName && speaksV2(p.version()):
		list = append(list, settings{protocol: "2.0"})
	case p.name == vmagentName && strings.Contains(p.help(), forcePromProto):
		list = append(list, settings{compression: snappyEncoding})
	}
	return list
}

func edgetickVariants() (list []settings) {
	for _, protocol := range []string{"1.0", "2.0"} {
		for _, ticks := range []int{1, 4, 20} {
			list = append(list, settings{protocol: protocol, compression: snappyEncoding, packTicks: ticks})
		}
	}
	return append(list, settings{protocol: "1.0", compression: zstdEncoding, packTicks: 4})
}

// prometheusVersion finds the version in what prometheus says of itself.
const prometheusVersion = `version (\d+)\.(\d+)\.`

// speaksV2 tells whether a prometheus can send remote write 2.0: since 2.54.
func speaksV2(version string) bool {
	found := regexp.MustCompile(prometheusVersion).FindStringSubmatch(version)
	if found == nil {
		return false
	}
	major, _ := strconv.Atoi(found[1])
	minor, _ := strconv.Atoi(found[2])
	return major > 2 || major == 2 && minor >= 54
}

// help is what a program says of its flags.
func (p program) help() string {
	// A program may end its help with an error.
	text, _ := exec.Command(p.path, "--help").CombinedOutput()
	return string(text)
}
