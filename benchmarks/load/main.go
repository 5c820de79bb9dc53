// Command load sends admission reviews to a validating webhook over HTTPS and HTTP/1.1 with keep-alive, and measures.
//
//	load -url https://localhost:8443/enforce -ca ca.pem -bodies reviews.jsonl -mode closed -connections 16 -duration 4s
//	load -url https://localhost:8443/enforce -ca ca.pem -bodies reviews.jsonl -mode open -rate 200 -connections 32
//	load serve -listen 127.0.0.1:8443 -cert tls.crt -key tls.key
//
// It is made to need so little CPU that one core of it can saturate a server on another core. One JSON object on
// stdout holds the figures; report.go says what each of them means. Linux only, for the timer of the open loop.
//
// Exit codes: 0 the run came to its end, with wrong answers counted under "errors"; 1 a connection or an answer broke;
// 2 a flag, or a file that a flag names, is wrong.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
)

// garbageBytes is how much memory may be used before the collector runs. A run makes next to no garbage, so with
// this much room no collection falls into it.
const garbageBytes = 1 << 30

func main() {
	os.Exit(command(os.Args[1:], os.Stdout, os.Stderr))
}

// command runs one command line and returns the exit code.
func command(args []string, stdout, stderr io.Writer) int {
	var err error
	if len(args) > 0 && args[0] == "serve" {
		err = serveCommand(args[1:], stdout)
	} else {
		err = loadCommand(args, stdout)
	}
	var wrong usageError
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "load: %v\n", err)
		return 2
	default:
		fmt.Fprintf(stderr, "load: %v\n", err)
		return 1
	}
}

// loadCommand drives one load and prints its report.
func loadCommand(args []string, stdout io.Writer) error {
	chosen, err := parseOptions(args, stdout)
	if err != nil {
		return err
	}
	requests, err := readRequests(chosen.bodies, chosen.target)
	if err != nil {
		return usageError{"bodies", err.Error()}
	}
	runtime.GOMAXPROCS(chosen.processors)
	runtime.GC() // the bodies file itself is garbage by now
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(garbageBytes + totalLength(requests))
	figures, err := drive(chosen, requests)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(figures)
}
