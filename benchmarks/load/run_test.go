package main

import (
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func sayAllowed(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(w, `{"response":{"allowed":true}}`)
}

func startServer(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// newOptions is a closed loop over one connection without warm-up; numbered are three requests that differ.
func newOptions(t *testing.T, server *httptest.Server) (o options, numbered [][]byte) {
	t.Helper()
	target, err := url.Parse(server.URL + "/enforce")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for number := range 3 {
		numbered = append(numbered, buildRequest(target, fmt.Appendf(nil, "%d", number)))
	}
	return options{
		target: target, roots: roots, mode: closedMode, connections: 1, duration: time.Minute, drain: time.Minute,
		status: 200, expect: expectAny,
	}, numbered
}

func mustDrive(t *testing.T, o options, requests [][]byte) report {
	t.Helper()
	figures, err := drive(o, requests)
	if err != nil {
		t.Fatal(err)
	}
	return figures
}

// The bodies go out in turn, whole, with the headers that a webhook needs, on a connection that stays.
func TestSendsBodiesInTurn(t *testing.T) {
	var got []string
	connections := map[string]bool{}
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprintf("%s %s %s %d %s", r.Method, r.URL, r.Header["Content-Type"], r.ContentLength, body))
		connections[r.RemoteAddr] = true
		sayAllowed(w, r)
	})
	o, requests := newOptions(t, server)
	o.requests = 7
	figures := mustDrive(t, o, requests)
	var want []string
	for _, body := range strings.Split("0120120", "") {
		want = append(want, "POST /enforce [application/json] 1 "+body)
	}
	if !slices.Equal(got, want) || len(connections) != 1 {
		t.Errorf("%d connections, %q", len(connections), got)
	}
	if figures.Requests != 7 || figures.BytesSent != int64(7*len(requests[0])) {
		t.Errorf("%+v", figures)
	}
}

// -requests counts over all connections, exactly.
func TestClosedLoopEndsAfterRequests(t *testing.T) {
	var served atomic.Int64
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) { served.Add(1); sayAllowed(w, r) })
	o, requests := newOptions(t, server)
	o.connections, o.requests, o.expect = 8, 500, expectAllowed
	figures := mustDrive(t, o, requests)
	if served.Load() != 500 || figures.Requests != 500 || len(figures.Errors) != 0 {
		t.Errorf("served %d, %+v", served.Load(), figures)
	}
	if figures.Seconds <= 0 || figures.Seconds >= o.duration.Seconds() || figures.GeneratorCPUSeconds <= 0 {
		t.Errorf("%+v", figures)
	}
}

// Without -requests the duration ends the run; what began in the warm-up is served but not counted.
func TestClosedLoopLeavesOutTheWarmup(t *testing.T) {
	var served atomic.Int64
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		time.Sleep(5 * time.Millisecond)
		sayAllowed(w, r)
	})
	o, requests := newOptions(t, server)
	o.warmup, o.duration = 200*time.Millisecond, 200*time.Millisecond
	figures := mustDrive(t, o, requests)
	if counted := int64(figures.Requests); counted < 1 || counted > 40 || counted >= served.Load() {
		t.Errorf("counted %d of %d", counted, served.Load())
	}
	if figures.Seconds != 0.2 || figures.LatencyUS.Min < 5000 {
		t.Errorf("%+v", figures)
	}
}

// Wrong answers are counted by kind and the first of them shown; the run goes on.
func TestCountsWrongAnswers(t *testing.T) {
	var served atomic.Int64
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch number := served.Add(1); {
		case number%4 == 0:
			w.WriteHeader(503)
			io.WriteString(w, strings.Repeat("busy", 400))
		case number%4 == 1:
			io.WriteString(w, `{"response":{"allowed":false}}`)
		case number%4 == 2:
			io.WriteString(w, `{}`)
		default:
			io.WriteString(w, `{"response":{"allowed":true}}`)
		}
	})
	o, requests := newOptions(t, server)
	o.connections, o.requests, o.expect = 2, 40, expectAllowed
	figures := mustDrive(t, o, requests)
	if got, want := fmt.Sprint(figures.Errors), "map[denied:10 no verdict:10 status 503:10]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if figures.Requests != 40 || len(figures.ErrorBodies) != errorBodiesShown {
		t.Errorf("%+v", figures)
	}
	for _, shown := range figures.ErrorBodies {
		if shown.Error == "status 503" && shown.Body != strings.Repeat("busy", errorBodyLength/4) {
			t.Errorf("%q", shown.Body)
		}
	}
}

// Another status than 200 can be the right one.
func TestExpectsAStatus(t *testing.T) {
	server := startServer(t, http.NotFound)
	o, requests := newOptions(t, server)
	o.requests, o.status = 10, 404
	if figures := mustDrive(t, o, requests); len(figures.Errors) != 0 {
		t.Errorf("%+v", figures)
	}
}

// An open loop over connections that are free sends on time, every request of the schedule and none of the warm-up.
func TestOpenLoopKeepsItsSchedule(t *testing.T) {
	var served atomic.Int64
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) { served.Add(1); sayAllowed(w, r) })
	o, requests := newOptions(t, server)
	o.mode, o.rate, o.connections = openMode, 40, 8
	o.warmup, o.duration = 250*time.Millisecond, 500*time.Millisecond
	figures := mustDrive(t, o, requests)
	if served.Load() != 30 || figures.Requests != 20 || len(figures.Errors) != 0 || *figures.RateAsked != 40 {
		t.Errorf("served %d, %+v", served.Load(), figures)
	}
	if figures.SendDelayUS == nil || figures.SendDelayUS.Count < 10 || figures.SendDelayUS.P50 <= 0 {
		t.Errorf("send delays %+v", figures.SendDelayUS)
	}
	if figures.Seconds < 0.5 {
		t.Errorf("%v seconds", figures.Seconds)
	}
}

// Where one connection waits 50 ms for each answer and a request is due every 10 ms, each waits longer than the one
// before: the wait for the connection is part of the latency, and none of it of the send delay.
func TestOpenLoopCountsTheQueue(t *testing.T) {
	const answerTime = 50 * time.Millisecond
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) { time.Sleep(answerTime); sayAllowed(w, r) })
	o, requests := newOptions(t, server)
	o.mode, o.rate, o.duration, o.drain = openMode, 100, 200*time.Millisecond, 5*time.Second
	figures := mustDrive(t, o, requests)
	if figures.Requests != 20 || len(figures.Errors) != 0 {
		t.Fatalf("%+v", figures)
	}
	// Request i is due at i × 10 ms and answered at (i + 1) × 50 ms at the earliest.
	for name, c := range map[string]struct{ got, least float64 }{
		"min":  {figures.LatencyUS.Min, 50_000},
		"p50":  {figures.LatencyUS.P50, 50_000 + 9*40_000},
		"max":  {figures.LatencyUS.Max, 50_000 + 19*40_000},
		"mean": {figures.LatencyUS.Mean, 50_000 + 9.5*40_000},
	} {
		if c.got < c.least {
			t.Errorf("%s: %v µs, want at least %v", name, c.got, c.least)
		}
	}
	if figures.SendDelayUS != nil && figures.SendDelayUS.Count > 1 {
		t.Errorf("send delays %+v", figures.SendDelayUS)
	}
	if figures.RequestsPerSecond > 20 {
		t.Errorf("%v requests a second through a connection that takes 20", figures.RequestsPerSecond)
	}
}

// What is still waiting when the drain is over is told as an error and not left out.
func TestOpenLoopCountsTheUnsent(t *testing.T) {
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(50 * time.Millisecond)
		sayAllowed(w, r)
	})
	o, requests := newOptions(t, server)
	o.mode, o.rate, o.duration, o.drain = openMode, 100, 300*time.Millisecond, 100*time.Millisecond
	figures := mustDrive(t, o, requests)
	if figures.Errors[unsent] < 20 || int64(figures.Requests)+figures.Errors[unsent] != 30 {
		t.Errorf("%+v", figures)
	}
}

// One connection that breaks ends the whole run at once, also for those that wait for their next request.
func TestOneBrokenConnectionEndsTheRun(t *testing.T) {
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	o, requests := newOptions(t, server)
	o.mode, o.rate, o.connections, o.duration = openMode, 0.1, 4, time.Minute
	began := time.Now()
	_, err := drive(o, requests)
	if err == nil || !strings.Contains(err.Error(), errClosed.Error()) || time.Since(began) > 9*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

// A run in which nothing was counted has no figures.
func TestNothingCountedIsAnError(t *testing.T) {
	o, requests := newOptions(t, startServer(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		sayAllowed(w, r)
	}))
	o.warmup, o.duration = 50*time.Millisecond, time.Millisecond
	if _, err := drive(o, requests); err == nil || !strings.Contains(err.Error(), "no counted request") {
		t.Error(err)
	}
}

// The timer sleeps no shorter than asked, many at once, and ends when it is closed.
func TestTimer(t *testing.T) {
	var sleeping sync.WaitGroup
	for range 20 {
		sleeping.Go(func() {
			timer, err := newTimer()
			if err != nil {
				t.Error(err)
				return
			}
			began := time.Now()
			if err := timer.sleep(3 * time.Millisecond); err != nil || time.Since(began) < 3*time.Millisecond {
				t.Error(time.Since(began), err)
			}
			time.AfterFunc(10*time.Millisecond, timer.close)
			if err := timer.sleep(time.Hour); err == nil {
				t.Error("a closed timer slept for an hour")
			}
		})
	}
	sleeping.Wait()
}
