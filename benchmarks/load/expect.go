package main

import (
	"bytes"
	"strconv"
)

// What every answer must say.
const (
	expectAny     = "any"
	expectAllowed = "allowed"
	expectDenied  = "denied"
)

// fault names what is wrong with an answer, or nothing. It searches bytes and decodes nothing, to stay cheap: the
// webhook's JSON has no spaces.
func (o *options) fault(status int, body []byte) string {
	if status != o.status {
		return "status " + strconv.Itoa(status)
	}
	if o.expect == expectAny {
		return ""
	}
	allowed, denied := bytes.Contains(body, []byte(`"allowed":true`)), bytes.Contains(body, []byte(`"allowed":false`))
	switch {
	case allowed == denied:
		return "no verdict"
	case allowed && o.expect == expectDenied:
		return "allowed"
	case denied && o.expect == expectAllowed:
		return "denied"
	}
	return ""
}
