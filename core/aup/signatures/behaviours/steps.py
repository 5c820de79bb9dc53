"""A script's commands as behaviours look at them: which program with what, where to, and what comes of its output."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from ipaddress import ip_address

import msgspec

from aup.signatures import word_lists
from aup.signatures.reading import Reading
from aup.signatures.shell import Command, assigned
from aup.wording import quoted

SHELLS = frozenset(["sh", "bash", "ash", "dash", "ksh", "zsh", "fish"])
PYTHONS = frozenset(["python", "python2", "python3"])
INTERPRETERS = PYTHONS | {"perl", "ruby", "node", "php", "lua"}
FETCHERS = frozenset(["curl", "wget", "aria2c", "lwp-download", "lwp-request"])
NETCATS = frozenset(["nc", "ncat", "netcat", "nc.traditional", "nc.openbsd"])
PRINTERS = frozenset(["echo", "printf", "cat"])

_SHOWING = PRINTERS | {"tee", "logger", "mail"}
_STREAMS = (
    "/dev/null",
    "/dev/stderr",
    "/dev/stdout",
    "/dev/tty",
    "/dev/termination-log",
    "/proc/1/fd/",
    "/proc/self/fd/",
)
_ASSUMED = FETCHERS | NETCATS | {"socat", "nsenter"}
"""Programs that are believed to be what an image of that name starts."""

_STARTERS = frozenset(
    [
        *[
            "!",
            "{",
            "busybox",
            "command",
            "do",
            "doas",
            "dumb-init",
            "elif",
            "else",
            "env",
            "exec",
            "gosu",
            "if",
            "nice",
        ],
        *["nohup", "setsid", "stdbuf", "su-exec", "sudo", "then", "time", "timeout", "tini", "until", "while", "xargs"],
    ]
)
_WHEN = frozenset(["*", "@reboot", "@hourly", "@daily", "root"])  # in front of a command in a table of cron
_REDIRECTION = re.compile(r"(?:\d{0,3}|&)(<<<|<<-?|<>|>>|>\||>&|<&|>|<)(.*)", re.DOTALL)
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,15}+)://([^\s/'\"?#<>|]*+)([^\s'\"<>|]*+)")
_BARE = re.compile(
    r"((?:\d{1,3}\.){3}\d{1,3}|[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}(?=[:/]))(?::\d{1,5})?(/.*)?", re.DOTALL
)
_INTERNAL = (".svc", ".local", ".internal", ".localhost", ".lan", ".home.arpa", ".localdomain", ".test", ".invalid")
_FEW = 4  # steps of one program in a pipeline or script that are compared with others
_MANY = 128  # steps of a pipeline or script that are
_NEST = 6  # holders that are looked through


class Place(msgspec.Struct, frozen=True):
    """Where an address leads to."""

    scheme: str
    host: str
    path: str

    @property
    def bare(self) -> bool:
        """Whether the host is a public address without a name."""
        return _address(self.host) == "public"

    @property
    def outside(self) -> bool:
        """Whether it is known to be outside the cluster."""
        host = self.host
        if "$" in host or "." not in host or host.endswith(_INTERNAL) or ".svc." in host:
            return self.bare
        return _address(host) != "private"

    @property
    def unknown(self) -> bool:
        """Whether a variable hides where it leads to."""
        return "$" in self.host or not self.host

    def below(self, sort: str) -> bool:
        """Whether the host is one of a list in behaviours.yaml, or below one."""
        labels = self.host.split(".")
        return any(".".join(labels[start:]) in lists()[sort] for start in range(len(labels) - 1))

    def __str__(self) -> str:
        return quoted(f"{self.scheme}://{self.host}" if self.scheme else self.host)


class Step(msgspec.Struct, frozen=True):
    """A command with its program told from launchers before it and redirections behind it."""

    command: Command
    name: str
    args: list[str]
    targets: list[tuple[str, str]]
    """Each redirection, as operator and where it leads."""
    program: str = ""
    """The program with its path, as written."""

    @property
    def at(self) -> str:
        """The field path of its first word."""
        return self.command.words[0][0]

    @property
    def text(self) -> str:
        """All its words and the scripts among them."""
        return " ".join([*(word for _, word in self.command.words), *self.command.scripts])

    @property
    def reads_script(self) -> bool:
        """Whether it runs what comes as its input."""
        if self.name in SHELLS:
            operands = [each for each in self.args if not each.startswith(("-", "+"))]
            return "-c" not in self.args and (not operands or "-s" in self.args or operands[0] == "/dev/stdin")
        if self.name in INTERPRETERS:
            return all(each in {"-", "-u", "/dev/stdin"} for each in self.args)
        return self.name in {"source", "."} and self.args[:1] == ["/dev/stdin"]

    def written(self) -> Iterator[str]:
        """The files that it writes to by redirection, or as `tee` and `cp` do."""
        yield from (where for operator, where in self.targets if operator.startswith(">") and where)
        if self.name == "tee":
            yield from (each for each in self.args if not each.startswith("-"))
        if self.name in {"cp", "mv", "install"} and len(self.args) > 1:
            yield self.args[-1]

    def places(self) -> list[Place]:
        """The addresses among its words, with their scheme or bare."""
        found = [place for word in [*self.args, *self.command.scripts] for place in places(word)]
        if self.name in FETCHERS:
            for word in self.args:
                match = None if word.startswith("-") or "://" in word else _BARE.fullmatch(word)
                if match:
                    found.append(Place("", match[1].lower(), match[2] or ""))
        return found


class Steps:
    """A reading's commands, found by what joins them."""

    def __init__(self, reading: Reading) -> None:
        self._every = [_step(command) for command in reading.all_commands() if command.words]
        self._of = {id(step.command): step for step in self._every}
        self._pipelines: dict[int, list[Step]] = {}
        for step in self._every:
            self._pipelines.setdefault(step.command.pipeline, []).append(step)
        self._few: dict[int, list[Step]] = {}
        self.all = [step for step in self._every if step.command.holder is None or not self._printed(step)]

    @cached_property
    def _scripts(self) -> dict[int, list[Step]]:
        found: dict[int, list[Step]] = {}
        for step in self._every:
            found.setdefault(step.command.script, []).append(step)
        return {number: few(steps) for number, steps in found.items()}

    @cached_property
    def _held(self) -> dict[int, list[Step]]:
        """The steps that stand in the words of each command."""
        found: dict[int, list[Step]] = {}
        for step in self._every:
            if step.command.holder is not None:
                found.setdefault(id(step.command.holder), []).append(step)
        return {number: few(steps) for number, steps in found.items()}

    def before(self, step: Step) -> list[Step]:
        """What is piped into a step: the commands before it in its pipeline, or of its script where a loop is."""
        if not step.command.piped:
            return []
        found = self.pipeline(step)
        place = next((index for index, each in enumerate(found) if each is step), len(found))
        found = found[:place]
        if found and found[-1].name in {"}", "done", "fi", "esac"}:
            return [each for each in self._scripts[step.command.script] if each is not step]
        return found

    def pipeline(self, step: Step) -> list[Step]:
        """The commands that are joined with a step by `|`."""
        number = step.command.pipeline
        whole = self._pipelines[number]
        if len(whole) <= _FEW:
            return whole
        if number not in self._few:
            self._few[number] = few(whole)
        return self._few[number]

    def inside(self, step: Step) -> list[Step]:
        """The commands in a step's own words, as in `echo "$(id)"`."""
        found: list[Step] = []
        pending = [step]
        while pending and len(found) < _MANY:
            held = self._held.get(id(pending.pop().command), [])
            found += held
            pending += held
        return found

    def holder(self, step: Step) -> Step | None:
        """The step in whose words a step stands."""
        return self._of.get(id(step.command.holder))

    def runner(self, step: Step) -> Step | None:
        """What runs a step's output as a script: `sh -c "$(…)"`, `eval`, `bash <(…)`; None where nothing does."""
        bracket = step.command.bracket
        holder = step.command.holder
        if bracket not in {"$(", "<("} or holder is None:
            return None
        for _ in range(_NEST):
            above = self._of.get(id(holder)) or _step(holder)
            if above.name in SHELLS | PYTHONS:
                code = "-c" in above.args or any("c" in each for each in above.args if each[:1] == "-" != each[1:2])
                return above if code == (bracket == "$(") or above.name in PYTHONS else None
            if above.name in {"eval", "source", "."}:
                return above
            if above.name not in {"", "$"} or holder.bracket or holder.holder is None:
                return None
            if above.name == "" and any(assigned(word) for _, word in holder.words):
                return None
            holder = holder.holder
        return None

    def shows(self, command: Command) -> bool:
        """Whether a command is only part of what `echo` shows."""
        step = self._of.get(id(command))
        return step is not None and self._printed(step)

    def _behind(self, step: Step) -> list[Step]:
        """A step and what its output is piped into."""
        whole = self.pipeline(step)
        return whole[next((index for index, each in enumerate(whole) if each is step), 0) :]

    def _printed(self, step: Step) -> bool:
        holder = step.command.holder
        for _ in range(_NEST):
            if holder is None:
                return False
            above = self._of.get(id(holder))
            if above and above.name in PRINTERS and all(map(_is_shown, self._behind(above))):
                return not step.command.bracket and not above.command.bracket
            holder = holder.holder
        return False


def lists() -> dict[str, frozenset[str]]:
    """The lists of behaviours.yaml."""
    return word_lists("behaviours")


def _is_shown(step: Step) -> bool:
    """Whether what a step prints is for somebody to read."""
    files = [*(where for _, where in step.targets), *(step.written() if step.name == "tee" else ())]
    shown = (where.isdigit() or where.startswith(_STREAMS) for where in files)
    return step.name in _SHOWING and all(shown)


def few(steps: list[Step]) -> list[Step]:
    """Steps in their order, few of each program, so that nothing that is compared with all of them takes long."""
    if len(steps) <= _FEW:
        return steps
    seen: Counter[str] = Counter()
    found: list[Step] = []
    for step in steps:
        seen[step.name] += 1
        if seen[step.name] <= _FEW and len(found) < _MANY:
            found.append(step)
    return found


def places(word: str) -> Iterator[Place]:
    """The addresses with a scheme in a word."""
    if "://" in word:
        for match in _URL.finditer(word):
            yield Place(match[1].lower(), _host(match[2]), match[3])


def base(path: str) -> str:
    """The last part of a path."""
    return path.rstrip("/").rpartition("/")[2]


def _host(authority: str) -> str:
    host = authority.rpartition("@")[2].lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".,;)")


def _address(host: str) -> str:
    if not host[:1].isdigit() and ":" not in host:
        return ""
    try:
        found = ip_address(host)
    except ValueError:
        return ""
    shared = host.startswith("100.") and not found.is_global
    return "public" if found.is_global and not shared else "private"


def _step(command: Command) -> Step:
    words: list[str] = []
    targets: list[tuple[str, str]] = []
    awaited = ""
    for _, word in command.words:
        match = _REDIRECTION.match(word) if "<" in word or ">" in word else None
        if awaited:
            targets.append((awaited, word))
            awaited = ""
        elif match and match[2]:
            targets.append((match[1], match[2]))
        elif match:
            awaited = match[1]
        else:
            words.append(word)
    if command.assumed in _ASSUMED and base(words[0] if words else "") not in SHELLS:
        return Step(command, command.assumed, words, targets, command.assumed)
    for index, word in enumerate(words):
        name = base(word).lower() if "/" in word else word.lower()
        if not (name in _STARTERS or word in _WHEN or word.startswith("-") or word[:1].isdigit() or assigned(word)):
            return Step(command, name.removesuffix(".exe"), words[index + 1 :], targets, word)
    return Step(command, "", [], targets)


def steps_of(reading: Reading) -> Steps:
    """The steps of a reading, worked out once for all topics."""
    known = reading.worked_out.get("steps")
    if isinstance(known, Steps):
        return known
    steps = Steps(reading)
    reading.worked_out["steps"] = steps
    return steps
