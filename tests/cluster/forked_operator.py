"""Starts an operator process for each line on its input, in the time of a fork instead of that of the imports.

Each process is a whole operator, with its own connections; its id is printed. They are told of their API server by the
environment, as any operator is.
"""

import faulthandler
import os
import signal
import sys

import aup_operator.__main__ as operator


def serve() -> None:
    """Fork for each line, until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while sys.stdin.readline():
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            faulthandler.register(signal.SIGUSR1)  # where it is, for a test that fails
            code = operator.main()
            sys.stderr.flush()
            os._exit(code)
        print(pid, flush=True)


if __name__ == "__main__":
    serve()
