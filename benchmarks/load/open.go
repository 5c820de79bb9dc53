package main

import "time"

// unsent counts requests that were due but that no connection was free for before the drain was over.
const unsent = "unsent"

// openLoop sends on a schedule that does not depend on the server: request i is due at i/rate.
//
// A free connection takes the next number and sleeps until it is due; a connection that becomes free late sends at
// once. Numbers are taken in order, so a request waits only while every connection is busy, as in one queue before
// all of them. Its latency counts from when it was due: a slow answer lengthens those that had to wait behind it too.
func (w *worker) openLoop() error {
	for {
		number := w.taken.Add(1) - 1
		due := time.Duration(float64(number) / w.rate * float64(time.Second))
		if due >= w.end() {
			return nil
		}
		counts := due >= w.warmup
		if counts && !w.count() {
			return nil
		}
		wait := due - w.clock()
		if wait > 0 {
			if err := w.timer.sleep(wait); err != nil {
				return err
			}
		}
		sent := w.clock()
		if sent >= w.lastSend() {
			if counts {
				w.errors[unsent]++
			}
			continue
		}
		if counts {
			w.openWindow(sent)
		}
		request := w.prebuilt[number%int64(len(w.prebuilt))]
		status, body, err := w.connection.exchange(request)
		if err != nil {
			return err
		}
		if counts {
			now := w.clock()
			w.answered(now-due, now, len(request), w.fault(status, body), body)
			if wait > 0 {
				w.sendDelays = append(w.sendDelays, sent-due)
			}
		}
	}
}
