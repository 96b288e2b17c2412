package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// What a sender does about answers that speak of its configuration and not of
// the samples. It waits, with requests of nothing, and gives nothing up.
func TestConformance_Holds(t *testing.T) {
	t.Parallel()
	stranger := startScripted(t, takes)
	var scenes []scene
	for _, protocol := range []string{"1.0", "2.0"} {
		of := "V" + protocol[:1]
		held := func(name string, first script) {
			scenes = append(scenes, scene{rule: of + "_MAY_Hold/" + name, keys: "protocol=" + protocol, answer: inTurn(first), until: accepts(3), check: holds})
		}
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusProxyAuthRequired} {
			held(fmt.Sprint(status), says(status, "who are you?"))
		}
		// Redirects that would turn the POST into a GET, or lead to somebody
		// else, are not followed.
		for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther} {
			held(fmt.Sprint(status), says(status, "there", "Location", "/elsewhere"))
		}
		for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			held(fmt.Sprint(status, "_elsewhere"), says(status, "there", "Location", stranger.URL+"/api/v1/push"))
			scenes = append(scenes, follows(of, protocol, status))
		}
	}
	// With a fixed version there is nothing to fall back on.
	for name, answer := range map[string]script{"415": says(http.StatusUnsupportedMediaType, "what?"), "204_without_counts": says(http.StatusNoContent, "")} {
		scenes = append(scenes, scene{rule: "V2_MAY_Hold/" + name, keys: "protocol=2.0", answer: inTurn(answer), until: accepts(3), check: holds})
	}
	play(t, scenes)
	if n := len(stranger.deliveries()); n > 0 {
		t.Errorf("%d requests came to the stranger", n)
	}
}

// holds fails the test unless, of requests refused, one of nothing followed, and
// then the same again.
func holds(t *testing.T, a *act) {
	a.refuses(t, 0, "other")
	for _, d := range a.deliveries {
		if d.method != http.MethodPost || d.path != "/api/v1/push" {
			t.Errorf("request %d is a %s to %s", d.n, d.method, d.path)
		}
	}
	first, probe, again := a.deliveries[0], a.deliveries[1], a.deliveries[2]
	if c := probe.message.count(); c != (counted{}) || len(probe.message.metadata) > 0 {
		t.Errorf("the probe holds %+v", c)
	}
	if probe.header.Get("Content-Type") != first.header.Get("Content-Type") || len(probe.body) == 0 {
		t.Errorf("the probe has the Content-Type %q and %d bytes", probe.header.Get("Content-Type"), len(probe.body))
	}
	if string(again.body) != string(first.body) {
		t.Error("after the probe another request was sent")
	}
}

// follows is a receiver that has moved within its host: the same POST goes there.
func follows(of, protocol string, status int) scene {
	const moved = "/moved"
	return scene{
		rule: fmt.Sprintf("%s_MAY_Follow/%d", of, status), keys: "protocol=" + protocol, until: accepts(4),
		answer: where(func(d *delivery) bool { return d.path != moved }, says(status, "there", "Location", moved)),
		check: func(t *testing.T, a *act) {
			a.refuses(t, 0, "other")
			for i := 0; i+1 < len(a.deliveries); i += 2 {
				from, to := a.deliveries[i], a.deliveries[i+1]
				if to.path != moved || to.method != http.MethodPost || string(to.body) != string(from.body) {
					t.Errorf("request %d to %s became a %s to %s of %d bytes", i, from.path, to.method, to.path, len(to.body))
				}
				for name := range from.header {
					if name != "Referer" && to.header.Get(name) != from.header.Get(name) {
						t.Errorf("request %d: %s was %q and became %q", i, name, from.header.Get(name), to.header.Get(name))
					}
				}
			}
		},
	}
}

// With nothing to hold, the letter of the specifications: no 4xx is sent again.
func TestConformance_HoldsNothing(t *testing.T) {
	t.Parallel()
	var scenes []scene
	for _, protocol := range []string{"1.0", "2.0"} {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusProxyAuthRequired} {
			scenes = append(scenes, scene{
				rule: fmt.Sprintf("V%s_MUST_NOT_Retry/%d", protocol[:1], status), keys: "protocol=" + protocol,
				answer: inTurn(takes, says(status, "who are you?"), takes, says(status, "who are you?")), until: accepts(4),
				check: func(t *testing.T, a *act) {
					a.once(t)
					a.refuses(t, float64(a.deliveries[1].message.count().samples+a.deliveries[3].message.count().samples), "other")
				},
			})
		}
	}
	play(t, scenes, "--remote-write.hold-status=")
}

// The headers of the protocol are not the user's to set, in any letters.
func TestConformance_ReservedHeaders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Content-Encoding", "content-type", "Content-Length", "X-Prometheus-Remote-Write-Version", "user-agent", "Retry-Attempt", "Host", "Connection"} {
		t.Run(name, func(t *testing.T) {
			p := edgetick(t, "--remote-write.url=http://127.0.0.1:1/w", "--remote-write.header="+name+":x")
			if code := p.wait(); code != exitUsage || !strings.Contains(p.out.String(), "not free to be set") {
				t.Errorf("exit code %d", code)
			}
		})
	}
}
