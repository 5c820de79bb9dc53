"""Code that is fetched and run, or hidden and run, unseen by anybody who reads the manifest."""

from collections.abc import Iterator

from aup.api.signature_list import STRENGTHS, Strength
from aup.signatures.behaviours.steps import FETCHERS, INTERPRETERS, PYTHONS, SHELLS, Place, Step, Steps, base, places
from aup.signatures.evidence import Evidence

_DECODERS = frozenset(["base64", "base32", "xxd", "rev", "openssl", "uudecode"])
_PYTHON_FETCHES = ("urlopen", "requests.get", "urlretrieve", "http.client", "urllib")
_PYTHON_RUNS = ("exec(", "eval(", "os.system", "os.popen", "subprocess", "compile(")
_OTHER_FETCHES = ("LWP", "Net::HTTP", "open-uri", "HTTP::Tiny", "file_get_contents", "http.get", "https.get")
_OTHER_RUNS = ("eval", "system(", "exec", "instance_eval")
_PYTHON_DECODES = ("b64decode", "b32decode", "a2b_", "unhexlify", "fromhex", "marshal.loads", "zlib.decompress")
_SCRATCH = ("/tmp/", "/dev/shm/", "/var/tmp/")  # noqa: S108 - where it is looked for
_OUTPUTS = frozenset(["-o", "-O", "--output", "--output-document"])
_ALL = frozenset(["*", "."])
_MODES = frozenset(["777", "755", "700", "0755", "0777", "0700", "775", "711", "744", "754", "750", "555", "500"])


def fetched_and_run(steps: Steps) -> Iterator[Evidence]:
    """A download that becomes a script: piped into a shell, put into one, or saved and started."""
    for step in steps.all:
        if step.reads_script:
            for source in steps.before(step):
                if source.name in FETCHERS:
                    yield from _from(source, step.name)
        if step.name in FETCHERS:
            runner = steps.runner(step)
            if runner:
                yield from _from(step, runner.name)
        yield from _in_code(step)
    yield from _saved(steps)
    yield from _unpacked(steps)


def _from(source: Step, runner: str) -> Iterator[Evidence]:
    found = [(strength, place) for place in source.places() if (strength := strength_of(place))]
    if found:
        strength, place = max(found, key=lambda each: STRENGTHS.index(each[0]))
        yield Evidence(
            source.at, "fetched and run", strength, f"what {source.name} gets from {place} is run by {runner}"
        )
    elif any("$" in word for word in source.args):
        said = f"what {source.name} gets from an address in a variable is run by {runner}"
        yield Evidence(source.at, "fetched and run", "medium", said)


def strength_of(place: Place) -> Strength | None:
    """How bad it is to run what comes from a place: worst where nobody is sure who sent it."""
    if place.unknown:
        return "medium"
    if not place.outside:
        return None
    if place.below("installers"):
        return "medium"
    unsure = place.scheme != "https" or place.bare or place.below("drops") or place.below("request bins")
    return "strong" if unsure or place.below("tunnels") else "medium"


def _in_code(step: Step) -> Iterator[Evidence]:
    """Python and others that fetch and run in one line."""
    if step.name not in INTERPRETERS or not {"-c", "-e", "-r"} & set(step.args):
        return
    code = step.text
    python = step.name in PYTHONS
    fetches, runs = (_PYTHON_FETCHES, _PYTHON_RUNS) if python else (_OTHER_FETCHES, _OTHER_RUNS)
    if any(each in code for each in fetches) and any(each in code for each in runs):
        for place in places(code):
            strength = strength_of(place)
            if strength:
                said = f"what {step.name} gets from {place} is run by it"
                yield Evidence(step.at, "fetched and run", strength, said)


class _Started:
    """The files of one script that are made executable, those started, and those given to a shell."""

    def __init__(self) -> None:
        self.executable: set[str] = set()
        self.started: set[str] = set()
        self.given: set[str] = set()

    def add(self, step: Step) -> None:
        if step.name == "chmod" and _executable(step.args):
            self.executable.update(base(each) for each in step.args)
        self.started.add(base(step.name))
        if step.name in SHELLS | INTERPRETERS | {"source", "."}:
            self.given.update([base(each) for each in step.args if not each.startswith("-")][:1])

    def runs(self, name: str) -> bool:
        executable = name in self.executable or not _ALL.isdisjoint(self.executable)
        return name in self.given or (executable and name.lower() in self.started)


def _saved(steps: Steps) -> Iterator[Evidence]:
    """A file that is downloaded, made executable or given to a shell, and run."""
    fetched = [(step, saved) for step in steps.all if step.name in FETCHERS and (saved := _outputs(step))]
    scripts = {step.command.script: _Started() for step, _ in fetched}
    for step in steps.all if fetched else ():
        if step.command.script in scripts:
            scripts[step.command.script].add(step)
    for step, saved in fetched:
        run = next((path for path in saved if scripts[step.command.script].runs(base(path))), "")
        if not run:
            continue
        hidden = run.startswith(_SCRATCH) and base(run).startswith(".")
        scratch = run.startswith(_SCRATCH)
        for place in step.places():
            strength = strength_of(place)
            if strength == "medium" and not hidden and not place.unknown:
                strength = None if not scratch else "weak"
            elif strength == "medium" and hidden and place.outside:
                strength = "strong"
            if strength:
                said = f"what {step.name} gets from {place} is saved and run"
                yield Evidence(step.at, "fetched and run", strength, said)
                break


def _unpacked(steps: Steps) -> Iterator[Evidence]:
    """An archive from nobody knows whom is unpacked, and a program started where nothing is kept."""
    running = {each.command.script for each in steps.all if each.program.startswith(_SCRATCH)}
    for step in steps.all if running else ():
        if step.name != "tar" or not step.command.piped:
            continue
        found = [place for each in steps.before(step) if each.name in FETCHERS for place in each.places()]
        place = next((each for each in found if strength_of(each) == "strong"), None)
        if place and step.command.script in running:
            yield Evidence(step.at, "fetched and run", "medium", f"what comes from {place} is unpacked and run")
            return


def _outputs(step: Step) -> list[str]:
    """The files that a download is saved to."""
    found = [where for operator, where in step.targets if operator in {">", ">>"} and where != "/dev/null"]
    for index, word in enumerate(step.args):
        flag, equals, value = word.partition("=")
        following = step.args[index + 1] if index + 1 < len(step.args) else ""
        if flag in _OUTPUTS and not (word == "-O" and step.name == "curl"):
            found.append(value if equals else following)
        elif word.startswith("-") and word[1:2] != "-" and len(word) > len("-o"):
            letter = "o" if step.name == "curl" else "O"
            before, has, after = word.partition(letter)
            if has and before[1:].isalpha():
                found.append(after or following)
    named = [place.path for place in step.places()] if step.name == "wget" or "-O" in step.args else []
    if step.name == "curl":
        remote = any(w[:1] == "-" != w[1:2] and "O" in w for w in step.args) or "--remote-name" in step.args
        named = [place.path for place in step.places()] if remote else []
    if not found:
        found = [base(path.partition("?")[0]) for path in named]
    return [path for path in found if base(path) not in {"", "-", "stdout", "null"}]


def _executable(args: list[str]) -> bool:
    return any("x" in each or each in _MODES for each in args if each[:1] in "+ugoa0123456789" or each in _MODES)


def hidden_and_run(steps: Steps) -> Iterator[Evidence]:
    """Text that is decoded and run; what it says is looked at too."""
    for step in steps.all:
        decoder = next((each for each in steps.before(step) if _decodes(each)), None) if step.reads_script else None
        if decoder:
            yield Evidence(step.at, "hidden code", "medium", f"what {decoder.name} decodes is run by {step.name}")
        runner = steps.runner(step) if _decodes(step) else None
        if runner:
            yield Evidence(step.at, "hidden code", "medium", f"what {step.name} decodes is run by {runner.name}")
        if step.name in PYTHONS and "-c" in step.args:
            code = step.text
            if any(each in code for each in _PYTHON_DECODES) and ("exec(" in code or "eval(" in code):
                yield Evidence(step.at, "hidden code", "medium", f"{step.name} decodes code and runs it")


def _decodes(step: Step) -> bool:
    return step.name in _DECODERS and (step.name in {"rev", "uudecode"} or any("d" in e or "r" in e for e in step.args))
