"""What `aup check` found, before it is written in one of its forms."""

import msgspec

from aup.model import Judged
from aup.policy import Policy


class Trouble(msgspec.Struct, frozen=True):
    """Input that cannot be judged, or a fault of ours (`fault`); `line` is 0 where it is the whole file.

    `foreign` says that it is something else than a manifest: no Kubernetes object, or a template not rendered yet.
    """

    file: str
    line: int
    column: int
    message: str
    fault: bool = False
    foreign: bool = False


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """One finding with the object that it is on and the line that it is in."""

    file: str
    line: int
    api_version: str
    kind: str
    namespace: str
    name: str
    display_name: str
    tenant: str
    finding: Judged


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One object that was judged, with what was found on it."""

    file: str
    line: int
    api_version: str
    kind: str
    namespace: str
    name: str
    display_name: str
    findings: list[Located]


class Report(msgspec.Struct, kw_only=True):
    """All findings and troubles in the order of the files, how much was looked at, and how many seconds that took.

    `seen` are the objects one by one, where the form of the report tells of each; `skipped` counts the files and
    documents left out because they are no manifests, where that was asked for.
    """

    policy: Policy | None = None
    files: int = 0
    objects: int = 0
    skipped: int = 0
    size: int = 0
    findings: list[Located] = []
    troubles: list[Trouble] = []
    seen: list[Seen] = []
    reading: float = 0.0
    judging: float = 0.0

    def add(self, other: "Report") -> None:
        """Put the report on the files that come next behind this one."""
        self.files += other.files
        self.objects += other.objects
        self.skipped += other.skipped
        self.size += other.size
        self.findings += other.findings
        self.troubles += other.troubles
        self.seen += other.seen
        self.reading += other.reading
        self.judging += other.judging

    def count(self, mode: str) -> int:
        """How many findings have that mode."""
        return sum(1 for one in self.findings if one.finding.mode == mode)

    @property
    def exit_code(self) -> int:
        """2 for bad input, else 1 where something is denied or broke, else 0."""
        if any(not trouble.fault for trouble in self.troubles):
            return 2
        return 1 if self.troubles or self.count("deny") else 0
