package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"unicode/utf8"
)

// maxBody is the longest body, of a request as of an answer. The API server takes no request over 3 MiB, and a review
// of an update holds two objects.
const maxBody = 8 << 20

// readRequests reads bodies, one a line, and builds each one's request once, so that sending it is a single write.
func readRequests(path string, target *url.URL) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	requests := make([][]byte, 0, len(lines))
	for index, line := range lines {
		if err := checkBody(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, index+1, err)
		}
		requests = append(requests, buildRequest(target, line))
	}
	return requests, nil
}

// checkBody finds a file that was cut short or is no JSON Lines before it is taken for a slow or failing server.
func checkBody(line []byte) error {
	switch {
	case len(bytes.TrimSpace(line)) == 0:
		return errors.New("no body on this line")
	case len(line) > maxBody:
		return fmt.Errorf("%d bytes, the limit is %d", len(line), maxBody)
	case !utf8.Valid(line):
		return errors.New("not UTF-8")
	case !json.Valid(line):
		return errors.New("not JSON")
	}
	return nil
}

// buildRequest is a whole request, head and body.
func buildRequest(target *url.URL, body []byte) []byte {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		target.RequestURI(), target.Host, len(body))
	return append([]byte(head), body...)
}

func totalLength(requests [][]byte) (total int64) {
	for _, request := range requests {
		total += int64(len(request))
	}
	return total
}
