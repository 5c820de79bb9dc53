package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// dialLimit bounds opening one connection, TLS handshake included.
const dialLimit = 10 * time.Second

// connection is one kept-alive TLS connection, used by one goroutine.
type connection struct {
	wire    net.Conn
	answers *answerReader
}

func dial(o *options) (*connection, error) {
	port := o.target.Port()
	if port == "" {
		port = "443"
	}
	context, cancel := context.WithTimeout(context.Background(), dialLimit)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{
		RootCAs:    o.roots,
		ServerName: o.target.Hostname(),
		NextProtos: []string{"http/1.1"},
		// Otherwise a connection's first 128 KiB go out in records of one packet each, and a body of a few KiB takes
		// several system calls on both sides.
		DynamicRecordSizingDisabled: true,
	}}
	wire, err := dialer.DialContext(context, "tcp", net.JoinHostPort(o.target.Hostname(), port))
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", o.target.Host, err)
	}
	return &connection{wire: wire, answers: newAnswerReader(wire)}, nil
}

// exchange sends one request and reads its answer; the body is overwritten by the next exchange.
func (c *connection) exchange(request []byte) (status int, body []byte, err error) {
	if _, err := c.wire.Write(request); err != nil {
		return 0, nil, fmt.Errorf("sending: %w", err)
	}
	return c.answers.read()
}
