package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const goodAnswer = "HTTP/1.1 200 OK\r\nDate: today\r\ncontent-length:  5 \r\nConnection: keep-alive\r\n\r\nhello"

// An answer reads the same whole, byte by byte, and where the end comes with the last bytes.
func TestReadsAnswers(t *testing.T) {
	long := strings.Repeat("x", maxLine*3)
	for _, c := range []struct {
		text   string
		status int
		body   string
	}{
		{goodAnswer, 200, "hello"},
		{"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n", 500, ""},
		{"HTTP/1.1 503 Service Unavailable\r\nX:\r\nContent-Length: 2\r\n\r\nno", 503, "no"},
		{fmt.Sprintf("HTTP/1.1 200 \r\nContent-Length: %d\r\n\r\n%s", len(long), long), 200, long},
	} {
		for _, source := range []io.Reader{
			strings.NewReader(c.text),
			iotest.OneByteReader(strings.NewReader(c.text)),
			iotest.DataErrReader(strings.NewReader(c.text)),
		} {
			status, body, err := newAnswerReader(source).read()
			if err != nil || status != c.status || string(body) != c.body {
				t.Errorf("%.60q: %d %.20q %v", c.text, status, body, err)
			}
		}
	}
}

// Answers follow each other on one connection, the shorter after the longer, until it ends between two.
func TestReadsAnswersInTurn(t *testing.T) {
	second := "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"
	answers := newAnswerReader(iotest.OneByteReader(strings.NewReader(goodAnswer + second)))
	for _, want := range []string{"200 hello", "404 no"} {
		status, body, err := answers.read()
		if got := fmt.Sprintf("%d %s", status, body); err != nil || got != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	if _, _, err := answers.read(); err != errClosed {
		t.Errorf("at the end: %v", err)
	}
}

// Whatever is not an answer with a length on a connection that stays open is an error that says what it is.
func TestRefusesOtherAnswers(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "closed the connection instead of answering",
		"HTTP/1.":                                "cut short after",
		"HTTP/1.1 200 OK\nContent-Length: 0\n\n": "line without CR LF",
		"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n":                            "no HTTP/1.1 status line",
		"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n":                           "no HTTP/1.1 status line",
		"HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n":                            "unexpected status",
		"HTTP/1.1 100 Continue\r\n\r\n":                                           "unexpected status",
		"HTTP/1.1 200 OK\r\n\r\n":                                                 "status 200: no Content-Length",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx":      "more than one Content-Length",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n":                           "not a number",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n":                              "not a number",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n":                  "not a number",
		"HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n":                      "body of 8388609 bytes, the limit is 8388608",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n":          `unexpected Transfer-Encoding "chunked"`,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell":                        "body cut short",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n":                                "unexpected EOF",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!":                      "bytes follow the body",
		"HTTP/1.1 400 Bad\r\nContent-Length: 3\r\nConnection: Close\r\n\r\nwhy":   `status 400 closes the connection: "why"`,
		"HTTP/1.1 200 OK\r\nno header\r\n\r\n":                                    `no header: "no header"`,
		"HTTP/1.1 200 OK\r\nX: 1\r\n folded: 1\r\n\r\n":                           "no header",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxLine) + "\r\n\r\n":      "header line over 16384 bytes",
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: 1\r\n", maxHeaders+1) + "\r\n": "more than 100 headers",
	} {
		_, _, err := newAnswerReader(strings.NewReader(text)).read()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v, want %q", text, err, want)
		}
	}
}

// An answer's JSON is judged by its status, then by its verdict.
func TestFault(t *testing.T) {
	allowed, denied, neither := `{"allowed":true}`, `{"allowed":false}`, `{}`
	for _, c := range []struct {
		expect string
		status int
		body   string
		want   string
	}{
		{expectAny, 200, neither, ""},
		{expectAny, 503, allowed, "status 503"},
		{expectAllowed, 200, allowed, ""},
		{expectAllowed, 200, denied, "denied"},
		{expectAllowed, 200, neither, "no verdict"},
		{expectAllowed, 200, allowed + denied, "no verdict"},
		{expectDenied, 200, denied, ""},
		{expectDenied, 200, allowed, "allowed"},
		{expectDenied, 404, denied, "status 404"},
	} {
		o := options{status: 200, expect: c.expect}
		if got := o.fault(c.status, []byte(c.body)); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
