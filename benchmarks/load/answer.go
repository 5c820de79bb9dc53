package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	maxLine    = 16 << 10 // of a header, and the read buffer's size
	maxHeaders = 100
)

// errClosed says that a connection ended where an answer should have begun.
var errClosed = errors.New("the server closed the connection instead of answering")

// answerReader reads answers off one connection. It knows just what a webhook sends: HTTP/1.1, a Content-Length, and
// a connection that stays open. Anything else is an error, since reading on would measure something else.
type answerReader struct {
	source *bufio.Reader
	body   []byte
}

func newAnswerReader(source io.Reader) *answerReader {
	return &answerReader{source: bufio.NewReaderSize(source, maxLine), body: make([]byte, 0, 4096)}
}

// read returns one answer's status and body; the body is overwritten by the next read.
func (r *answerReader) read() (status int, body []byte, err error) {
	line, err := r.line()
	if err == io.EOF {
		return 0, nil, errClosed
	} else if err != nil {
		return 0, nil, err
	}
	if status, err = parseStatus(line); err != nil {
		return 0, nil, err
	}
	length, closing, err := r.headers()
	if err != nil {
		return status, nil, fmt.Errorf("answer of status %d: %w", status, err)
	}
	if cap(r.body) < length {
		r.body = make([]byte, 0, length)
	}
	body = r.body[:length]
	if _, err := io.ReadFull(r.source, body); err != nil {
		return status, nil, fmt.Errorf("answer of status %d: body cut short: %w", status, err)
	}
	if closing {
		return status, body, fmt.Errorf("answer of status %d closes the connection: %.200q", status, body)
	}
	if r.source.Buffered() > 0 {
		return status, body, fmt.Errorf("answer of status %d: bytes follow the body", status)
	}
	return status, body, nil
}

// line returns a line without its end, valid until the next read; io.EOF only where nothing at all came.
func (r *answerReader) line() ([]byte, error) {
	line, err := r.source.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return nil, fmt.Errorf("header line over %d bytes", maxLine)
	case err == io.EOF && len(line) > 0:
		return nil, fmt.Errorf("cut short after %.80q: %w", line, io.ErrUnexpectedEOF)
	case err != nil:
		return nil, err
	}
	text, found := bytes.CutSuffix(line, []byte("\r\n"))
	if !found {
		return nil, fmt.Errorf("line without CR LF: %.80q", line)
	}
	return text, nil
}

func parseStatus(line []byte) (int, error) {
	rest, found := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !found || len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' {
		return 0, fmt.Errorf("no HTTP/1.1 status line: %.80q", line)
	}
	status, err := parseNumber(rest[:3])
	if err != nil || status < 200 || status > 599 {
		return 0, fmt.Errorf("unexpected status: %.80q", line)
	}
	return status, nil
}

// headers reads up to the blank line.
func (r *answerReader) headers() (length int, closing bool, err error) {
	length = -1
	for range maxHeaders {
		line, err := r.line()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, false, err
		}
		if len(line) == 0 {
			if length < 0 {
				return 0, false, errors.New("no Content-Length")
			}
			return length, closing, nil
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || len(name) == 0 || name[0] == ' ' || name[0] == '\t' {
			return 0, false, fmt.Errorf("no header: %.80q", line)
		}
		value = bytes.Trim(value, " \t")
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length >= 0 {
				return 0, false, errors.New("more than one Content-Length")
			}
			if length, err = parseNumber(value); err != nil {
				return 0, false, fmt.Errorf("Content-Length %.80q: %w", value, err)
			}
			if length > maxBody {
				return 0, false, fmt.Errorf("body of %d bytes, the limit is %d", length, maxBody)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return 0, false, fmt.Errorf("unexpected Transfer-Encoding %.80q", value)
		case bytes.EqualFold(name, []byte("Connection")):
			closing = bytes.EqualFold(value, []byte("close"))
		}
	}
	return 0, false, fmt.Errorf("more than %d headers", maxHeaders)
}

// parseNumber takes digits only, where strconv would take a sign too and need a string.
func parseNumber(digits []byte) (int, error) {
	if len(digits) == 0 || len(digits) > 10 {
		return 0, errors.New("not a number of 1 to 10 digits")
	}
	number := 0
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return 0, errors.New("not a number")
		}
		number = number*10 + int(digit-'0')
	}
	return number, nil
}
