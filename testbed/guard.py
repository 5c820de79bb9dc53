"""Stops a control plane whose starter died without stopping it. Run as a script, not imported.

Why a process of its own: the starter cannot act when it is killed hard. The kernel's own means, PR_SET_PDEATHSIG, fires
when the *thread* that started a child ends, and setting it needs code between fork and exec, which is not safe in a
program with threads. A pipe has neither fault: the kernel closes it when the starter is gone, however it went.

Standard input brings one process id a line; the starter writes it before it could reap that process, so the id is still
the right one, and from then on a pidfd stands for the process: a reused id is never hit. The line `done` means that the
starter has stopped everything. End of file without it means that the starter is gone.

The only argument is the folder of the run: all but its logs is removed then.
"""

import os
import select
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

GRACE_SECONDS = 3.0


def main(run_dir: Path) -> None:
    """Wait for the starter's end and stop what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    handles: list[int] = []
    for line in sys.stdin:
        if line.strip() == "done":
            return
        with suppress(ProcessLookupError):
            handles.append(os.pidfd_open(int(line)))
    for number in (signal.SIGTERM, signal.SIGKILL):
        send(number, handles)
        wait(handles)
    remove_all_but_logs(run_dir)


def send(number: signal.Signals, handles: list[int]) -> None:
    """Send a signal to every process that is still there."""
    for handle in handles:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, number)


def wait(handles: list[int]) -> None:
    """Return when all processes have ended, or none has for the grace time."""
    waiting = set(handles)
    while waiting:
        ended, _, _ = select.select(waiting, [], [], GRACE_SECONDS)
        if not ended:
            return
        waiting.difference_update(ended)


def remove_all_but_logs(run_dir: Path) -> None:
    """Remove keys, kubeconfigs and etcd's data."""
    for entry in run_dir.iterdir() if run_dir.is_dir() else ():
        if entry.name == "logs":
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
