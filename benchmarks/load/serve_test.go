package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The uid is the request's, not one of the object's before or after it.
func TestAnswersTheUID(t *testing.T) {
	for review, want := range map[string]string{
		`{"kind":"AdmissionReview","request":{"uid":"a-1","object":{"metadata":{"uid":"b-2"}}}}`: `"uid":"a-1","allowed":true`,
		`{"uid":"x","request":{"uid":"a-1"}}`:                                                    `"uid":"a-1","allowed":true`,
		`{"uid":"x"}`:                                                                            "no uid",
		`{"request":{"uid":"cut`:                                                                 "no uid",
		``:                                                                                       "no uid",
	} {
		answer := httptest.NewRecorder()
		allow(answer, httptest.NewRequest("POST", "/", strings.NewReader(review)))
		if !strings.Contains(answer.Body.String(), want) || (answer.Code == 200) != strings.Contains(want, "allowed") {
			t.Errorf("%s: %d %s", review, answer.Code, answer.Body)
		}
	}
}

// `load serve` says when it is ready, answers `load`, and ends when told to.
func TestServes(t *testing.T) {
	pair := startServer(t, sayAllowed).TLS.Certificates[0]
	certificate, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	stopped, stop := context.WithCancel(context.Background())
	output, input := io.Pipe()
	ended := make(chan error)
	go func() { ended <- serve(stopped, listener, pair, input) }()
	line := make([]byte, len("listening\n"))
	if _, err := io.ReadFull(output, line); err != nil || !bytes.Equal(line, []byte("listening\n")) {
		t.Fatalf("%q %v", line, err)
	}
	target := &url.URL{Scheme: "https", Host: address, Path: "/enforce"}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	figures := mustDrive(t, options{
		target: target, roots: roots, mode: closedMode, connections: 2, requests: 50, duration: time.Minute,
		status: 200, expect: expectAllowed,
	}, [][]byte{buildRequest(target, []byte(`{"request":{"uid":"a-1"}}`))})
	if figures.Requests != 50 || len(figures.Errors) != 0 {
		t.Errorf("%+v", figures)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
