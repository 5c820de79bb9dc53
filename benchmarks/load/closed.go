package main

// closedLoop sends the next request as soon as the last one's answer is read.
func (w *worker) closedLoop() error {
	for {
		begun := w.clock()
		if begun >= w.end() {
			return nil
		}
		counts := begun >= w.warmup
		if counts {
			if !w.count() {
				return nil
			}
			w.openWindow(begun)
		}
		// Every worker takes from the one sequence, so bodies that follow each other differ for the server too.
		request := w.prebuilt[(w.taken.Add(1)-1)%int64(len(w.prebuilt))]
		status, body, err := w.connection.exchange(request)
		if err != nil {
			return err
		}
		if counts {
			now := w.clock()
			w.answered(now-begun, now, len(request), w.fault(status, body), body)
		}
	}
}
