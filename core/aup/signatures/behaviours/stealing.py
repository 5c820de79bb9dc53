"""Secrets that are taken: the token of the service account, Secrets, the environment."""

from collections.abc import Iterator
from itertools import islice

from aup.signatures.behaviours.steps import INTERPRETERS, NETCATS, Place, Step, Steps, base, places
from aup.signatures.evidence import Evidence
from aup.signatures.reading import Reading

_TOKEN = (
    "/serviceaccount/token",
    "secrets/kubernetes.io/serviceaccount",
    "secrets/eks.amazonaws.com",
    "secrets/azure/tokens",
)
_SENDS = ("--data", "--form", "--upload-file", "--post-", "--body-", "--json")
_SHORT_SENDS = ("-d", "-F", "-T")
_POSTS = ("post(", "put(", "urlopen(", "Request(")
_WRITES = frozenset(["POST", "PUT", "PATCH"])
_KEPT = ("environment", ".env", ".bashrc", ".profile", ".bash_profile", "profile", ".sh")
_COPIES = 64  # files that are looked for in what is sent
_ENVIRONMENT = frozenset(["env", "printenv", "set", "export", "declare"])


def stolen(steps: Steps) -> Iterator[Evidence]:
    """What is read of the cluster's secrets and leaves it, or is laid aside to leave it later."""
    copies: dict[str, None] = {}
    for step in steps.all:
        if _reads_token(step) and not _sends(step):
            kept = [*_kept(steps, step)]
            copies.update(dict.fromkeys(map(base, kept)))
            if kept:
                yield Evidence(step.at, "token copied", "medium", "the service account's token is copied to a file")
        if _dumps(step):
            kept = [each for each in _kept(steps, step) if not each.endswith(_KEPT) and not each.startswith("/etc/")]
            copies.update(dict.fromkeys(map(base, kept)))
            if kept:
                yield Evidence(step.at, "environment dumped", "medium", "the whole environment is written to a file")
    for step in steps.all:
        if _sends(step):
            where = next((place for place in _places(step) if place.outside), None)
            if where and _takes_along(steps, step, copies):
                vault = "/auth/" in where.path and "login" in where.path
                said = f"secrets of the cluster are sent to {where}"
                yield Evidence(step.at, "secrets sent", "medium" if vault else "strong", said)


def _places(step: Step) -> list[Place]:
    if step.name in NETCATS:
        hosts = [each.lower() for each in step.args if not each.startswith("-") and not each.isdigit()]
        return [Place("", host, "") for host in hosts[:1] if "." in host]
    return step.places()


def _reads_token(step: Step) -> bool:
    text = step.text
    return any(each in text for each in _TOKEN)


def _reads_secrets(step: Step) -> bool:
    if step.name == "kubectl":
        return "get" in step.args and any(each.startswith(("secret", "secrets")) for each in step.args)
    text = step.text
    return _reads_token(step) or ("/api/v1/" in text and "/secrets" in text)


def _sends(step: Step) -> bool:
    if step.name in NETCATS:
        return not any(each[:1] == "-" != each[1:2] and ("z" in each or "l" in each) for each in step.args)
    if step.name in INTERPRETERS:
        return any(each in step.text for each in _POSTS)
    return step.name in {"curl", "wget"}


def _posts(step: Step) -> bool:
    for index, word in enumerate(step.args):
        if word.startswith(_SENDS) or (word.startswith(_SHORT_SENDS) and word[1:2] != "-"):
            return step.name == "curl" or word.startswith("--")
        if (
            word in {"-X", "--request", "--method"}
            and step.args[index + 1 : index + 2]
            and step.args[index + 1] in _WRITES
        ):
            return True
        if word.startswith(("-X", "--method=", "--request=")) and word.endswith(tuple(_WRITES)):
            return True
    return False


def _takes_along(steps: Steps, step: Step, copies: dict[str, None]) -> bool:
    """Whether secrets are among what is sent: in its words, piped into it, or in a file that holds a copy."""
    if _reads_secrets(step) and (
        step.name in INTERPRETERS
        or "$" in step.text
        or "@" in step.text
        or "--post-file" in step.text
        or "-T" in step.args
        or any(operator == "<" for operator, _ in step.targets)
    ):
        return True
    sources = [step, *steps.before(step)]
    if any(_reads_secrets(inner) for each in sources for inner in steps.inside(each)):
        return True
    if any(_reads_secrets(each) for each in sources[1:]):
        return True
    text = step.text
    return any(len(copy) > len("x") and copy in text for copy in islice(copies, _COPIES))


def _dumps(step: Step) -> bool:
    words = [base(word) for _, word in step.command.words]
    named = next((word for word in words if word in _ENVIRONMENT), "")
    if named not in words[:1] and step.name not in _ENVIRONMENT:
        return False
    following = [word for word in step.args if not word.startswith("-")]
    return not following or step.name == ""


def _kept(steps: Steps, step: Step) -> Iterator[str]:
    """The files that a step's output ends in."""
    behind = False
    for each in steps.pipeline(step):
        behind = behind or each is step
        if behind:
            yield from (path for path in each.written() if not path.startswith(("/dev/", "/proc/", "&", "$")))


def request_bins(steps: Steps, reading: Reading) -> Iterator[Evidence]:
    """Addresses at which what is sent waits for somebody to look at it."""
    for step in steps.all:
        for place in step.places():
            strength = "strong" if _posts(step) else "medium"
            if place.below("request bins"):
                said = f"{place} keeps what is sent there for somebody to look at"
                yield Evidence(step.at, "request bin", strength, said)  # type: ignore[arg-type]
            elif place.below("tunnels") and _sends(step) and _posts(step):
                yield Evidence(step.at, "tunnel", "medium", f"{place} leads into somebody's own machine")
    for variable in reading.environment:
        for place in places(variable.value):
            if place.below("request bins"):
                said = f"{place} keeps what is sent there for somebody to look at"
                yield Evidence(f"{variable.path}.value", "request bin", "medium", said)
