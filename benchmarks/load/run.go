package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// answerLimit is how long an answer is waited for after the last send: the API server's own default for a webhook.
const answerLimit = 10 * time.Second

// run is one load in progress. Its times count from its start, on the monotonic clock.
type run struct {
	options
	prebuilt [][]byte
	workers  []*worker
	start    time.Time

	taken   atomic.Int64 // requests that workers took up, warm-up included
	counted atomic.Int64 // of these, the ones after the warm-up; at the end up to a worker each more than -requests

	windowOnce  sync.Once
	windowBegan time.Duration // when the first counted request was sent
	cpuAtBegin  time.Duration

	failOnce sync.Once
	failure  error
}

// worker sends on one connection from one goroutine.
type worker struct {
	*run
	*tally
	connection *connection
	timer      *timer // in the open loop
}

// drive opens the connections, sends for as long as the options say, and adds up.
func drive(o options, prebuilt [][]byte) (report, error) {
	r := &run{options: o, prebuilt: prebuilt}
	defer r.close()
	for range o.connections {
		if err := r.addWorker(); err != nil {
			return report{}, err
		}
	}
	r.start = time.Now()
	for _, w := range r.workers {
		// One deadline for the whole run instead of one a request: it ends a run against a server that hangs.
		w.connection.wire.SetDeadline(r.start.Add(r.lastSend() + answerLimit))
	}
	var working sync.WaitGroup
	for _, w := range r.workers {
		working.Go(func() {
			if err := w.work(); err != nil {
				r.fail(err)
			}
		})
	}
	working.Wait()
	cpu := usedCPU() - r.cpuAtBegin
	if r.failure != nil {
		return report{}, r.failure
	}
	return r.report(cpu)
}

func (r *run) addWorker() error {
	c, err := dial(&r.options)
	if err != nil {
		return err
	}
	w := &worker{run: r, tally: newTally(&r.options), connection: c}
	r.workers = append(r.workers, w)
	if r.mode == openMode {
		w.timer, err = newTimer()
	}
	return err
}

func (w *worker) work() error {
	if w.mode == openMode {
		return w.openLoop()
	}
	return w.closedLoop()
}

// clock is the time since the run's start.
func (r *run) clock() time.Duration { return time.Since(r.start) }

// end is when requests cease to be due.
func (r *run) end() time.Duration { return r.warmup + r.duration }

// lastSend is when requests cease to be sent.
func (r *run) lastSend() time.Duration {
	if r.mode == openMode {
		return r.end() + r.drain
	}
	return r.end()
}

// count says whether one more request may be counted.
func (r *run) count() bool {
	number := r.counted.Add(1)
	return r.requests == 0 || number <= r.requests
}

// openWindow notes where the counted part of the run begins.
func (r *run) openWindow(now time.Duration) {
	r.windowOnce.Do(func() { r.windowBegan, r.cpuAtBegin = now, usedCPU() })
}

// fail keeps the first error and wakes every other worker by closing what it waits for.
func (r *run) fail(err error) {
	r.failOnce.Do(func() {
		r.failure = fmt.Errorf("after %v: %w", r.clock().Round(time.Millisecond), err)
		r.close()
	})
}

func (r *run) close() {
	for _, w := range r.workers {
		w.connection.wire.Close()
		if w.timer != nil {
			w.timer.close()
		}
	}
}
