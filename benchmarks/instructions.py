"""How many instructions a review and `aup check` take: figures that no other load on the machine can change.

`python -m benchmarks.instructions` runs both under valgrind's callgrind (Debian's package valgrind) and prints a table.
Times differ with the machine and its minute, instructions with the code and the interpreter alone: run it on two
commits to see whether the path of a request grew. Two runs of one commit lie within 0.3 %.
"""

import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import get_args

import yaml

from benchmarks.bodies import Verdict, deployment, review
from benchmarks.direct import SIZES, SMALL
from benchmarks.inprocess import facts, judge

_WARM_UP, _COUNTED = 100, 200
_COLLECTED = re.compile(r"Collected : (\d+)")
_ROOT = Path(__file__).resolve().parent.parent
_ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT), "PYTHONHASHSEED": "0"}


def measure() -> dict[str, float]:
    """Instructions of an allowed and of a denied review of 4.6 KiB in the process, and of `aup check` of one file."""
    found = {}
    for verdict in get_args(Verdict):
        few, many = (_instructions("-m", "benchmarks.instructions", verdict, str(times)) for times in (0, _COUNTED))
        found[f"a review, {verdict}"] = (many - few) / _COUNTED
    with tempfile.TemporaryDirectory(prefix="aup-bench-") as folder:
        one = Path(folder, "one.yaml")
        one.write_text(yaml.dump(deployment(1, variables=24)))
        check = [str(Path(sys.executable).with_name("aup")), "check", str(one)]
        subprocess.run([sys.executable, *check], check=True, capture_output=True)  # so that bytecode is there
        found["aup check of one file"] = _instructions(*check)
    return found


def _instructions(*arguments: str) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=_ENVIRONMENT)
    return collected(ran.stderr)


def collected(said: str) -> int:
    """The number of instructions that callgrind tells.

    Raises:
        ValueError: It tells none.
    """
    found = _COLLECTED.search(said)
    if found is None:
        raise ValueError(f"valgrind did not tell how many instructions it saw:\n{said}")
    return int(found[1])


def _judge(verdict: Verdict, times: int) -> None:
    known, bodies = facts(), [review(number, verdict, SIZES[SMALL]) for number in range(_WARM_UP + _COUNTED)]
    gc.disable()  # a collection that falls into the one run and not into the other is a third of the difference
    for body in bodies[: _WARM_UP + times]:
        judge(body, known)


def main(arguments: list[str]) -> int:
    """Print the table; given a verdict and a number, judge so many reviews, which is what is counted."""
    if arguments:
        verdict, times = arguments
        _judge("denied" if verdict == "denied" else "allowed", int(times))
        return 0
    if shutil.which("valgrind") is None:
        print("valgrind is missing; on Debian: apt-get install valgrind", file=sys.stderr)
        return 2
    for what, instructions in measure().items():
        print(f"{what:<24}{instructions / 1e6:10.3f} million instructions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
