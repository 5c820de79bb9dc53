"""What suspensions cover: everything of the tenant, or the workloads that they name and what those control."""

from collections.abc import Iterable

import msgspec

from aup.api.suspension import Suspension
from aup.api.suspension_record import RecordEntry

_Named = tuple[str, str, str, str]
"""Group, kind, namespace and name."""


class Selection(msgspec.Struct, frozen=True):
    """What is covered; `named` counts only where not everything is, and `policies` are NetworkPolicies to keep."""

    everything: bool
    named: frozenset[_Named] = frozenset()
    policies: frozenset[str] = frozenset()

    def closure(self, entries: Iterable[RecordEntry]) -> frozenset[str]:
        """The UIDs of those entries that are covered: named, or controlled by one that is covered."""
        known = {one.uid: one for one in entries}
        if self.everything:
            return frozenset(known)
        covered: set[str] = set()
        for one in known.values():
            chain: list[str] = []
            at: RecordEntry | None = one
            while at is not None and at.uid not in chain:
                chain.append(at.uid)
                if at.uid in covered or _named(at) in self.named:
                    covered.update(chain)
                    break
                at = known.get(at.owner)
        return frozenset(covered)

    def covers_created(self, entry: RecordEntry) -> bool:
        """Whether an object that a suspension made is still wanted."""
        return entry.name in self.policies


def of(suspensions: Iterable[Suspension], policies: Iterable[str] = ()) -> Selection:
    """What suspensions cover together."""
    ordered = list(suspensions)
    return Selection(
        everything=any(not one.spec.workloads for one in ordered),
        named=frozenset(
            (each.api_group, each.kind, each.namespace, each.name) for one in ordered for each in one.spec.workloads
        ),
        policies=frozenset(policies),
    )


def _named(entry: RecordEntry) -> _Named:
    return entry.group, entry.kind, entry.namespace, entry.name
