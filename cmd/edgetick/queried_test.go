package main

import (
	"encoding/json"
	"net/url"
	"strconv"
	"testing"
)

// queried reads all samples of the one series that matches through the query API
// at a base URL, or returns nil if there is no such series. Stale markers are not
// among them: the API leaves them out.
func queried(t *testing.T, base, selector string) []point {
	t.Helper()
	_, body := get(t, base+"/api/v1/query?query="+url.QueryEscape(selector+"[1h]"))
	var answer struct {
		Data struct {
			Result []struct {
				Values [][2]any
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%s: %s", err, body)
	}
	if len(answer.Data.Result) == 0 {
		return nil
	}
	if len(answer.Data.Result) > 1 {
		t.Fatalf("%d series match %s", len(answer.Data.Result), selector)
	}
	var points []point
	for _, v := range answer.Data.Result[0].Values {
		f, err := strconv.ParseFloat(v[1].(string), 64)
		if err != nil {
			t.Fatal(err)
		}
		points = append(points, point{int64(v[0].(float64)*1000 + .5), f})
	}
	return points
}
