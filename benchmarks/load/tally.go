package main

import "time"

const (
	errorBodiesShown = 5
	errorBodyLength  = 500
)

// tally is what one connection counted; only its goroutine writes to it.
type tally struct {
	latencies   []time.Duration // every one, for exact percentiles
	sendDelays  []time.Duration // open loop: how late a connection that was free sent
	errors      map[string]int64
	errorBodies []errorBody
	bytesSent   int64
	lastAnswer  time.Duration // on the run's clock
}

// errorBody shows one wrong answer.
type errorBody struct {
	Error string `json:"error"`
	Body  string `json:"body"`
}

// newTally has room for what one connection will count, so that no slice is copied in the run.
func newTally(o *options) *tally {
	t := &tally{errors: map[string]int64{}}
	rate := 25_000.0 // more than one core sends
	if o.mode == openMode {
		rate = o.rate
	}
	total := min(rate*o.duration.Seconds(), 1<<24)
	if o.requests > 0 {
		total = min(total, float64(o.requests))
	}
	// Connections differ in their share. Room that is never used is never touched, so it costs nothing.
	room := 2*int(total)/o.connections + 1024
	t.latencies = make([]time.Duration, 0, room)
	if o.mode == openMode {
		t.sendDelays = make([]time.Duration, 0, room)
	}
	return t
}

// answered counts one request; a wrong answer counts among the requests and latencies as well as among the errors.
func (t *tally) answered(latency, at time.Duration, length int, fault string, body []byte) {
	t.latencies = append(t.latencies, latency)
	t.lastAnswer = at
	t.bytesSent += int64(length)
	if fault == "" {
		return
	}
	t.errors[fault]++
	if len(t.errorBodies) < errorBodiesShown {
		t.errorBodies = append(t.errorBodies, errorBody{fault, string(body[:min(len(body), errorBodyLength)])})
	}
}
