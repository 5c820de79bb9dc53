package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// report is what a run prints. Latencies are kept exactly and percentiles taken by nearest rank.
type report struct {
	Mode        string   `json:"mode"`
	Connections int      `json:"connections"`
	RateAsked   *float64 `json:"rate_asked"` // null in the closed loop
	// Seconds is what requests_per_second divides by. In the closed loop it is the duration: every connection is busy
	// at its beginning as at its end. After a closed loop that -requests ended, it runs from the first counted send to
	// the last answer. So it does in the open loop where that is longer than the requests' schedule: a server that
	// cannot keep up shows its own rate and not the one asked.
	Seconds float64 `json:"seconds"`
	// Requests counts every answer to a request sent, in the open loop due, after the warm-up; wrong ones too.
	Requests          int              `json:"requests"`
	Errors            map[string]int64 `json:"errors"`
	ErrorBodies       []errorBody      `json:"error_bodies"`
	RequestsPerSecond float64          `json:"requests_per_second"`
	// LatencyUS runs until the answer is read, in the closed loop from the send, in the open loop from when it was due.
	LatencyUS latencies `json:"latency_us"`
	// SendDelayUS is how late requests went out that had a free connection: the generator's own part of their latency.
	// Null in the closed loop, and where no connection was ever free.
	SendDelayUS *delays `json:"send_delay_us"`
	BytesSent   int64   `json:"bytes_sent"` // of HTTP, before encryption
	// The generator's CPU time, user and system, from the first counted send to the last answer.
	GeneratorCPUSeconds      float64 `json:"generator_cpu_seconds"`
	GeneratorCPUPerRequestUS float64 `json:"generator_cpu_per_request_us"`
}

type latencies struct {
	Min  float64 `json:"min"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
}

type delays struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
}

// report adds up what the workers counted; figures of nothing would be none, so that is an error.
func (r *run) report(cpu time.Duration) (report, error) {
	var all, late []time.Duration
	out := report{Mode: r.mode, Connections: r.connections, Errors: map[string]int64{}, ErrorBodies: []errorBody{}}
	var lastAnswer time.Duration
	for _, w := range r.workers {
		all = append(all, w.latencies...)
		late = append(late, w.sendDelays...)
		lastAnswer = max(lastAnswer, w.lastAnswer)
		out.BytesSent += w.bytesSent
		for kind, count := range maps.All(w.errors) {
			out.Errors[kind] += count
		}
		out.ErrorBodies = append(out.ErrorBodies, w.errorBodies...)
	}
	if len(all) == 0 {
		return out, fmt.Errorf("no counted request was answered in %v after a warm-up of %v", r.duration, r.warmup)
	}
	out.ErrorBodies = out.ErrorBodies[:min(len(out.ErrorBodies), errorBodiesShown)]
	out.Requests = len(all)
	if r.mode == openMode {
		out.RateAsked = &r.rate
	}
	seconds := r.seconds(len(all), lastAnswer)
	out.Seconds = round(seconds, 6)
	out.RequestsPerSecond = round(float64(len(all))/seconds, 1)
	out.LatencyUS = summarizeLatencies(all)
	out.SendDelayUS = summarizeDelays(late)
	out.GeneratorCPUSeconds = round(cpu.Seconds(), 6)
	out.GeneratorCPUPerRequestUS = round(cpu.Seconds()*1e6/float64(len(all)), 2)
	return out, nil
}

// seconds is the time that the counted requests took, as report.Seconds says.
func (r *run) seconds(requests int, lastAnswer time.Duration) float64 {
	window := (lastAnswer - r.windowBegan).Seconds()
	switch {
	case r.mode == openMode:
		return max(float64(requests)/r.rate, window)
	case r.requests > 0 && r.counted.Load() > r.requests:
		return window
	}
	return r.duration.Seconds()
}

func summarizeLatencies(all []time.Duration) latencies {
	slices.Sort(all)
	var sum float64
	for _, latency := range all {
		sum += float64(latency)
	}
	return latencies{
		Min:  microseconds(all[0]),
		P50:  microseconds(percentile(all, 500)),
		P90:  microseconds(percentile(all, 900)),
		P99:  microseconds(percentile(all, 990)),
		P999: microseconds(percentile(all, 999)),
		Max:  microseconds(all[len(all)-1]),
		Mean: round(sum/float64(len(all))/1000, 3),
	}
}

func summarizeDelays(late []time.Duration) *delays {
	if len(late) == 0 {
		return nil
	}
	slices.Sort(late)
	return &delays{Count: len(late), P50: microseconds(percentile(late, 500)), P99: microseconds(percentile(late, 990))}
}

func microseconds(length time.Duration) float64 { return float64(length) / 1000 }

func round(value float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(value*scale) / scale
}
