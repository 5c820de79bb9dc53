package main

import (
	"syscall"
	"time"
)

// usedCPU is the CPU time of this process so far, in user and system mode.
func usedCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // it fails for a wrong argument only
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
