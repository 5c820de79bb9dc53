package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// writeAuthority writes the test server's certificate as a file for -ca.
func writeAuthority(t *testing.T, server *httptest.Server) string {
	t.Helper()
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	return writeFile(t, "ca.pem", string(pem.EncodeToMemory(block)))
}

// A wrong flag, or a wrong file behind one, ends with exit code 2 and its name.
func TestNamesWrongFlags(t *testing.T) {
	authority := writeAuthority(t, startServer(t, sayAllowed))
	bodies := writeFile(t, "bodies.jsonl", "{}\n")
	missing := bodies + ".missing"
	for _, c := range []struct{ args, want string }{
		{"-nonsense", "-nonsense"},
		{"-duration soon", "-duration"},
		{"extra", `"extra"`},
		{"-url ", "-url: is needed"},
		{"-url http://localhost/", "-url: "},
		{"-url https:///path", "-url: "},
		{"-url https://a@localhost/", "-url: "},
		{"-ca ", "-ca: is needed"},
		{"-ca " + missing, "-ca: open " + missing},
		{"-ca " + bodies, "-ca: " + bodies + " holds no certificate"},
		{"-bodies ", "-bodies: is needed"},
		{"-bodies " + missing, "-bodies: open " + missing},
		{"-bodies " + authority, "-bodies: " + authority + ":1: not JSON"},
		{"-mode ajar", `-mode: "ajar"`},
		{"-mode open", "-rate: "},
		{"-mode open -rate -1", "-rate: "},
		{"-mode open -rate NaN", "-rate: "},
		{"-rate 10", "-rate: "},
		{"-connections 0", "-connections: "},
		{"-requests -1", "-requests: "},
		{"-duration 0", "-duration: "},
		{"-warmup -1s", "-warmup: "},
		{"-drain -1s", "-drain: "},
		{"-status 100", "-status: "},
		{"-expect maybe", `-expect: "maybe"`},
		{"-gomaxprocs 0", "-gomaxprocs: "},
		{"serve", "-listen: is needed"},
		{"serve -listen x", "-cert: is needed"},
		{"serve -listen x -cert " + bodies, "-key: is needed"},
		{"serve -listen x -cert " + bodies + " -key " + bodies, "-cert: "},
	} {
		args := strings.Split(c.args, " ")
		if args[0] != "serve" {
			args = append([]string{"-url", "https://localhost/", "-ca", authority, "-bodies", bodies}, args...)
		}
		var stdout, stderr bytes.Buffer
		code := command(args, &stdout, &stderr)
		if code != 2 || !strings.Contains(stderr.String(), c.want) || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d, %q, want %q", c.args, code, stderr.String(), c.want)
		}
	}
}

// -h lists the flags and is no error.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"serve", "-h"}} {
		var stdout, stderr bytes.Buffer
		if code := command(args, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), "-gomaxprocs") {
			t.Errorf("%s: exit code %d, %q", args, code, stdout.String())
		}
	}
}

// A run prints one JSON object whose numbers fit each other.
func TestPrintsTheReport(t *testing.T) {
	server := startServer(t, sayAllowed)
	args := []string{
		"-url", server.URL + "/enforce", "-ca", writeAuthority(t, server), "-bodies", writeFile(t, "bodies.jsonl", "{}\n"),
		"-connections", "2", "-requests", "100", "-warmup", "10ms", "-gomaxprocs", "2",
	}
	var stdout, stderr bytes.Buffer
	if code := command(args, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d, %s", code, stderr.String())
	}
	var keys map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &keys); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"mode", "connections", "rate_asked", "seconds", "requests", "errors", "error_bodies", "requests_per_second",
		"latency_us", "send_delay_us", "bytes_sent", "generator_cpu_seconds", "generator_cpu_per_request_us",
	} {
		if _, found := keys[key]; !found {
			t.Errorf("no %s in %s", key, stdout.String())
		}
	}
	if keys["requests"] != 100.0 || keys["mode"] != "closed" || keys["rate_asked"] != nil || keys["send_delay_us"] != nil {
		t.Error(stdout.String())
	}
	if strings.Count(stdout.String(), "\n") != 1 {
		t.Errorf("more than one line: %s", stdout.String())
	}
}

// A connection that breaks ends the run with exit code 1 and says so; so does one that cannot be opened.
func TestConnectionErrors(t *testing.T) {
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	authority, bodies := writeAuthority(t, server), writeFile(t, "bodies.jsonl", "{}\n")
	stranger := writeFile(t, "ca.pem", newCertificate(t))
	for _, c := range []struct{ url, authority, want string }{
		{server.URL, authority, "closed the connection instead of answering"},
		{"https://127.0.0.1:1/", authority, "connecting to 127.0.0.1:1: "},
		{server.URL, stranger, "certificate signed by unknown authority"},
	} {
		var stdout, stderr bytes.Buffer
		args := []string{"-url", c.url, "-ca", c.authority, "-bodies", bodies, "-duration", "1s", "-gomaxprocs", "2"}
		code := command(args, &stdout, &stderr)
		if code != 1 || !strings.Contains(stderr.String(), c.want) || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d, %q %q", c.want, code, stdout.String(), stderr.String())
		}
	}
}

// newCertificate is a certificate in PEM that signed no server's.
func newCertificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
