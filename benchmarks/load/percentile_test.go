package main

import (
	"testing"
	"time"
)

// A percentile is one of the values, by nearest rank.
func TestPercentile(t *testing.T) {
	ten := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	thousand := make([]time.Duration, 1000)
	for index := range thousand {
		thousand[index] = time.Duration(index + 1)
	}
	for _, c := range []struct {
		values   []time.Duration
		perMille int
		want     time.Duration
	}{
		{[]time.Duration{7}, 500, 7},
		{[]time.Duration{7}, 999, 7},
		{[]time.Duration{1, 2}, 500, 1},
		{[]time.Duration{1, 2}, 501, 2},
		{[]time.Duration{1, 2, 3}, 500, 2},
		{ten, 0, 1},
		{ten, 500, 5},
		{ten, 900, 9},
		{ten, 901, 10},
		{ten, 990, 10},
		{ten, 1000, 10},
		{thousand, 500, 500},
		{thousand, 990, 990},
		{thousand, 999, 999},
	} {
		if got := percentile(c.values, c.perMille); got != c.want {
			t.Errorf("%d per mille of %d values: %d, want %d", c.perMille, len(c.values), got, c.want)
		}
	}
}

// A summary sorts and counts in microseconds.
func TestSummaries(t *testing.T) {
	got := summarizeLatencies([]time.Duration{3 * time.Millisecond, 1 * time.Millisecond, 2 * time.Millisecond})
	want := latencies{Min: 1000, P50: 2000, P90: 3000, P99: 3000, P999: 3000, Max: 3000, Mean: 2000}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if late := summarizeDelays([]time.Duration{2500, 1500}); *late != (delays{Count: 2, P50: 1.5, P99: 2.5}) {
		t.Errorf("%+v", late)
	}
	if late := summarizeDelays(nil); late != nil {
		t.Errorf("delays of nothing: %+v", late)
	}
}
