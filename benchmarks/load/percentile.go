package main

import "time"

// percentile is the nearest-rank percentile of sorted values: the smallest value that at least so many per mille of
// the values do not exceed. It is always one of the values, never something between two.
func percentile(sorted []time.Duration, perMille int) time.Duration {
	rank := (perMille*len(sorted) + 999) / 1000
	return sorted[max(rank, 1)-1]
}
