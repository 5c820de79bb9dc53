package main

import (
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"
)

// The two ways to send.
const (
	closedMode = "closed" // the next request as soon as the answer is read
	openMode   = "open"   // at fixed times, whatever the server does
)

// maxConnections keeps a slip of the keyboard from using up every port of the machine.
const maxConnections = 4096

// options is what one run is to do.
type options struct {
	target      *url.URL
	roots       *x509.CertPool
	bodies      string
	mode        string
	rate        float64
	connections int
	requests    int64
	duration    time.Duration
	warmup      time.Duration
	drain       time.Duration
	status      int
	expect      string
	processors  int
}

// usageError is a flag, or a file that it names, that cannot be used.
type usageError struct{ flag, reason string }

func (e usageError) Error() string {
	if e.flag == "" {
		return e.reason
	}
	return "-" + e.flag + ": " + e.reason
}

// parseOptions reads the flags of a run; -h prints them to help.
func parseOptions(args []string, help io.Writer) (options, error) {
	var o options
	var address, authority string
	flags := flag.NewFlagSet("load (or: load serve -h)", flag.ContinueOnError)
	flags.StringVar(&address, "url", "", "`https://HOST:PORT/PATH` of the webhook")
	flags.StringVar(&authority, "ca", "", "PEM `file` of the authority that signed the webhook's certificate")
	flags.StringVar(&o.bodies, "bodies", "", "JSON Lines `file`: one request body a line, used in turn")
	flags.StringVar(&o.mode, "mode", closedMode,
		"closed: each connection sends as soon as it has its answer; open: at fixed times")
	flags.Float64Var(&o.rate, "rate", 0, "requests a second, in mode open")
	flags.IntVar(&o.connections, "connections", 16, "connections, all opened before the start")
	flags.Int64Var(&o.requests, "requests", 0,
		"end after this many counted requests, if the duration is not over before; 0: no limit")
	flags.DurationVar(&o.duration, "duration", 10*time.Second, "for how long to send counted requests")
	flags.DurationVar(&o.warmup, "warmup", 500*time.Millisecond, "how long to send before requests count")
	flags.DurationVar(&o.drain, "drain", 10*time.Second,
		"in mode open, for how long after the end to go on with requests that are late;\n"+
			"what is left counts as error \"unsent\"")
	flags.IntVar(&o.status, "status", 200, "the status that every answer must have")
	flags.StringVar(&o.expect, "expect", expectAny, "allowed, denied or any: what every answer must say")
	flags.IntVar(&o.processors, "gomaxprocs", 1, "cores to use")
	if err := parseFlags(flags, args, help); err != nil {
		return o, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case o.bodies == "":
		return o, usageError{"bodies", "is needed"}
	case o.mode != closedMode && o.mode != openMode:
		return o, usageError{"mode", fmt.Sprintf("%q is neither closed nor open", o.mode)}
	case o.mode == openMode && !(o.rate > 0 && o.rate <= 1e6):
		return o, usageError{"rate", "mode open needs more than 0 and at most 1000000 requests a second"}
	case o.mode == closedMode && given["rate"]:
		return o, usageError{"rate", "is for mode open; in mode closed the server sets the rate"}
	case o.connections < 1 || o.connections > maxConnections:
		return o, usageError{"connections", fmt.Sprintf("%d is not between 1 and %d", o.connections, maxConnections)}
	case o.requests < 0:
		return o, usageError{"requests", "must not be negative"}
	case o.duration <= 0:
		return o, usageError{"duration", "must be above 0"}
	case o.warmup < 0:
		return o, usageError{"warmup", "must not be negative"}
	case o.drain < 0:
		return o, usageError{"drain", "must not be negative"}
	case o.status < 200 || o.status > 599:
		return o, usageError{"status", fmt.Sprintf("%d is not between 200 and 599", o.status)}
	case o.expect != expectAny && o.expect != expectAllowed && o.expect != expectDenied:
		return o, usageError{"expect", fmt.Sprintf("%q is neither allowed, denied nor any", o.expect)}
	case o.processors < 1:
		return o, usageError{"gomaxprocs", "must be above 0"}
	}
	var err error
	if o.target, err = parseTarget(address); err != nil {
		return o, err
	}
	o.roots, err = readAuthority(authority)
	return o, err
}

// parseFlags parses and turns what the flag package complains about into a usage error; it names the flag already.
func parseFlags(flags *flag.FlagSet, args []string, help io.Writer) error {
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	err := flags.Parse(args)
	switch {
	case err == flag.ErrHelp:
		fmt.Fprintf(help, "%s, with these flags:\n", flags.Name())
		flags.SetOutput(help)
		flags.PrintDefaults()
		return err
	case err != nil:
		return usageError{"", err.Error()}
	case flags.NArg() > 0:
		return usageError{"", fmt.Sprintf("unexpected argument %q", flags.Arg(0))}
	}
	return nil
}

func parseTarget(address string) (*url.URL, error) {
	if address == "" {
		return nil, usageError{"url", "is needed"}
	}
	target, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, usageError{"url", err.Error()}
	case target.Scheme != "https":
		return nil, usageError{"url", fmt.Sprintf("%q does not begin with https://", address)}
	case target.Hostname() == "":
		return nil, usageError{"url", fmt.Sprintf("%q names no host", address)}
	case target.User != nil || strings.Contains(address, "#"):
		return nil, usageError{"url", "may have neither a user nor a fragment"}
	}
	return target, nil
}

func readAuthority(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, usageError{"ca", "is needed"}
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError{"ca", err.Error()}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, usageError{"ca", path + " holds no certificate in PEM"}
	}
	return roots, nil
}
