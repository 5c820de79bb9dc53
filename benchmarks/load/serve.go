package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
)

// serveCommand runs the cheapest webhook imaginable, to compare another one with, until SIGTERM.
func serveCommand(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("load serve", flag.ContinueOnError)
	address := flags.String("listen", "", "`HOST:PORT` to listen on")
	certificate := flags.String("cert", "", "PEM `file` of the certificate")
	key := flags.String("key", "", "PEM `file` of its key")
	processors := flags.Int("gomaxprocs", 1, "cores to use")
	if err := parseFlags(flags, args, stdout); err != nil {
		return err
	}
	switch {
	case *address == "":
		return usageError{"listen", "is needed"}
	case *certificate == "":
		return usageError{"cert", "is needed"}
	case *key == "":
		return usageError{"key", "is needed"}
	case *processors < 1:
		return usageError{"gomaxprocs", "must be above 0"}
	}
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		return usageError{"cert", err.Error()}
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(*processors)
	debug.SetGCPercent(2000) // its heap is so small that it would be collected 50 times a second
	stopped, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	return serve(stopped, listener, pair, stdout)
}

// serve answers reviews until the context ends.
func serve(stopped context.Context, listener net.Listener, pair tls.Certificate, stdout io.Writer) error {
	server := &http.Server{
		Handler:   http.HandlerFunc(allow),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}},
	}
	// HTTP/1.1 only, as the webhook it is compared with: the API server would use HTTP/2 where it is offered.
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	context.AfterFunc(stopped, func() { server.Close() })
	fmt.Fprintln(stdout, "listening")
	if err := server.ServeTLS(listener, "", ""); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// reviewBuffers hold bodies while they are searched.
var reviewBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// allow answers every review that it is allowed, with the uid that a real API server insists on. It decodes nothing.
func allow(w http.ResponseWriter, r *http.Request) {
	buffer := reviewBuffers.Get().(*bytes.Buffer)
	defer reviewBuffers.Put(buffer)
	buffer.Reset()
	if _, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	uid, found := findUID(buffer.Bytes())
	if !found {
		http.Error(w, "no uid in the request", http.StatusBadRequest)
		return
	}
	answer := make([]byte, 0, 256)
	answer = append(answer, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"`...)
	answer = append(answer, uid...)
	answer = append(answer, `","allowed":true}}`...)
	w.Header().Set("Content-Type", "application/json")
	w.Write(answer)
}

// findUID finds the review's uid by its bytes: the first one after "request", as the API server writes it.
func findUID(review []byte) (uid []byte, found bool) {
	_, rest, _ := bytes.Cut(review, []byte(`"request"`))
	_, rest, _ = bytes.Cut(rest, []byte(`"uid":"`))
	uid, _, found = bytes.Cut(rest, []byte(`"`))
	return uid, found
}
