package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Each line becomes one whole request.
func TestBuildsRequests(t *testing.T) {
	target, _ := url.Parse("https://localhost:8443/enforce?timeout=10s")
	for _, text := range []string{"{\"a\":1}\n\"é\"\n", "{\"a\":1}\n\"é\""} {
		requests, err := readRequests(writeFile(t, "bodies.jsonl", text), target)
		if err != nil {
			t.Fatal(err)
		}
		head := "POST /enforce?timeout=10s HTTP/1.1\r\nHost: localhost:8443\r\nContent-Type: application/json\r\n"
		if len(requests) != 2 ||
			string(requests[0]) != head+"Content-Length: 7\r\n\r\n{\"a\":1}" ||
			string(requests[1]) != head+"Content-Length: 4\r\n\r\n\"é\"" {
			t.Errorf("%q", requests)
		}
	}
}

// A line that is no body is named by file and line.
func TestRefusesBodies(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "bodies.jsonl:1: no body on this line",
		"{}\n\n{}\n":               "bodies.jsonl:2: no body on this line",
		"{}\n{}\n{\"cut\": \n":     "bodies.jsonl:3: not JSON",
		"{}\n\"\xff\"\n":           "bodies.jsonl:2: not UTF-8",
		strings.Repeat(" ", 9<<20): "bodies.jsonl:1: no body on this line",
		"{}\n\"" + strings.Repeat("x", maxBody) + "\"\n": "bodies.jsonl:2: 8388610 bytes, the limit is 8388608",
	} {
		_, err := readRequests(writeFile(t, "bodies.jsonl", text), &url.URL{})
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}
