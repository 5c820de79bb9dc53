"""What is run to use up a machine."""

import re
from collections.abc import Iterator

from aup.signatures.behaviours.steps import Step, Steps
from aup.signatures.evidence import Evidence

_BOMB = re.compile(r"(?<![\w:.])([\w:.]{1,32})\(\)\{\1\|\1&\}")
_ENDLESS = frozenset(["/dev/zero", "/dev/urandom", "/dev/random"])
_SUMMERS = frozenset(
    ["md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "cksum", "b2sum", "bzip2", "xz"]
)
_DEVICE = re.compile(r"/dev/(?!null|shm)")  # which has an end
_LARGEST = 100  # GiB that an honest script sets aside at once
_SIZES = {"G": 1, "T": 1024, "P": 1024 * 1024}


def exhausted(steps: Steps) -> Iterator[Evidence]:
    """Processes, memory, time or disk without an end."""
    for step in steps.all:
        for script in step.command.scripts:
            if "(" in script and "|" in script and _BOMB.search("".join(script[:65536].split())):
                yield Evidence(step.at, "fork bomb", "strong", "a function calls itself twice without an end")
        endless = _reads_endless(step)
        if endless:
            yield from _endless(steps, step, endless)
        elif step.name == "fallocate" and any(_large(each) for each in step.args):
            yield Evidence(step.at, "disk", "medium", "fallocate takes more than any honest file needs")
    yield from _yes(steps)


def _endless(steps: Steps, step: Step, endless: str) -> Iterator[Evidence]:
    rest = [each.name for each in steps.pipeline(step) if each is not step]
    bounded = "head" in rest or "dd" in rest
    if step.name == "tail" or ("tail" in rest and step.name != "head"):
        yield Evidence(step.at, "memory", "strong", f"tail keeps all of {endless} in memory")
    elif step.name in _SUMMERS:
        yield Evidence(step.at, "processor", "medium", f"{step.name} of {endless} never ends")
    elif step.name == "dd" and not bounded and not any(each.startswith("count=") for each in step.args):
        output = next((each[3:] for each in step.args if each.startswith("of=")), "")
        if output and not _DEVICE.match(output):
            kind = "processor" if output == "/dev/null" else "disk"
            yield Evidence(step.at, kind, "medium", f"dd of {endless} has no end")
    elif step.name == "cat" and not bounded and _consumed(step, rest):
        yield Evidence(step.at, "processor", "medium", f"cat of {endless} has no end")


def _consumed(step: Step, rest: list[str]) -> bool:
    """Whether all of it is used; `tr … | fold -w 32 | head -n 1` ends."""
    return bool(step.targets) or bool(rest and rest[-1] in {*_SUMMERS, "gzip", "sort", "wc", "cat"})


def _yes(steps: Steps) -> Iterator[Evidence]:
    loops = {step.command.script for step in steps.all if step.command.words[0][1] in {"for", "while", "until"}}
    running = [step for step in steps.all if step.name == "yes" and ("/dev/null" in (to for _, to in step.targets))]
    if len(running) > 1 or any(step.command.script in loops for step in running):
        yield Evidence(running[0].at, "processor", "medium", "yes runs in many processes for nothing")


def _reads_endless(step: Step) -> str:
    words = [*(each.removeprefix("if=") for each in step.args), *(to for by, to in step.targets if by == "<")]
    return next((each for each in words if each in _ENDLESS), "")


def _large(word: str) -> bool:
    number = word.rstrip("iB")
    digits = number[:-1].rpartition("=")[2]
    return number[-1:] in _SIZES and digits.isdecimal() and int(digits[:9]) * _SIZES[number[-1]] > _LARGEST
