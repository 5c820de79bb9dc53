"""Content removal (AUP 7.3): objects are archived whole in a record, then deleted; the lift creates them again.

Only what a second person confirmed is removed, and only what an archive can bring back: what holds data, and Secrets,
which no record may hold, are refused.
"""

from collections.abc import Iterable, Sequence

import msgspec

from aup.api.meta import GROUP
from aup.api.suspension import Suspension, Unenforced, WorkloadReference
from aup.api.suspension_record import RecordEntry, SuspensionRecord
from aup.review import Json
from aup_operator import managed_fields, record
from aup_operator.discovery import Resources
from aup_operator.drivers.pod import archived as archived_manifest
from aup_operator.kube import Kube, KubeError
from aup_operator.namespaces import TenantNamespace

_KEPT = {
    ("", "Secret"): "a record must not hold what is secret",
    ("", "PersistentVolumeClaim"): "its data cannot be archived",
    ("", "Namespace"): "that is termination, which has its own order",
    ("networking.k8s.io", "NetworkPolicy"): "it lets nothing in that would not come in without it",
}


class Archive(msgspec.Struct, frozen=True):
    """What is to be removed: entries to record, the object behind each, and what is refused or done already."""

    entries: list[RecordEntry]
    paths: dict[str, str]
    unenforced: list[Unenforced]
    done: int


def confirmed(suspensions: Iterable[Suspension]) -> list[WorkloadReference]:
    """The objects whose removal a second person confirmed."""
    steps = [one.spec.removal for one in suspensions]
    return [each for step in steps if step is not None and step.confirmed_by for each in step.objects]


def archive(
    kube: Kube,
    suspensions: Sequence[Suspension],
    namespaces: Sequence[TenantNamespace],
    known: Sequence[SuspensionRecord],
    resources: Resources,
) -> Archive:
    """Look at what is to be removed; an object that the suspension holds down is archived as it was before."""
    held = {one.uid: one for each in known for one in record.pending(each)}
    archived = {(one.kind, one.namespace, one.name) for one in held.values() if is_removed(one)}
    found = Archive([], {}, [], 0)
    done = 0
    for each in confirmed(suspensions):
        label = f"{each.kind} {each.namespace}/{each.name}"
        refused = _refused(each, namespaces, resources)
        if refused:
            found.unenforced.append(Unenforced(object=label, reason=f"It is not removed: {refused}."))
            continue
        path = resources[each.api_group, each.kind].path(each.namespace, each.name)
        try:
            manifest = kube.get(path)
        except KubeError as error:
            found.unenforced.append(Unenforced(object=label, reason=_explained(error)))
            continue
        if manifest is None:
            done += (each.kind, each.namespace, each.name) in archived
            continue
        entry = _entry(manifest, each, held.get(manifest["metadata"]["uid"]), resources)
        if record.fits(entry):
            found.entries.append(entry)
            found.paths[entry.uid] = path
        else:
            reason = "It is not removed: it is too large to be archived."
            found.unenforced.append(Unenforced(object=label, reason=reason))
    return msgspec.structs.replace(found, done=done)


def remove(kube: Kube, archived: Archive) -> list[Unenforced]:
    """Delete what is archived, each only if it is still the object that was; what failed, with why."""
    failed = []
    for entry in archived.entries:
        try:
            kube.delete(archived.paths[entry.uid], original_uid(entry))
        except KubeError as error:
            failed.append(Unenforced(object=record.label(entry), reason=_explained(error)))
    return failed


def is_removed(entry: RecordEntry) -> bool:
    """Whether an entry is the archive of removed content."""
    return entry.uid.startswith(_REMOVED)


def original_uid(entry: RecordEntry) -> str:
    """The UID that the archived object had."""
    return entry.uid.removeprefix(_REMOVED)


_REMOVED = "removed/"


def _refused(each: WorkloadReference, namespaces: Sequence[TenantNamespace], resources: Resources) -> str:
    """Why an object must not be removed; empty where it may."""
    if each.namespace not in {namespace.name for namespace in namespaces}:
        return f"{each.namespace} is no namespace of the tenant"
    if each.api_group == GROUP:
        return "it is aup's own"
    resource = resources.get((each.api_group, each.kind))
    if resource is None or not resource.namespaced:
        return "no such kind is served in namespaces"
    return _KEPT.get((each.api_group, each.kind), "")


def _entry(manifest: Json, each: WorkloadReference, held: RecordEntry | None, resources: Resources) -> RecordEntry:
    original = manifest if held is None else _as_it_was(manifest, held)
    metadata = manifest["metadata"]
    resource = resources[each.api_group, each.kind]
    return RecordEntry(
        api_version=f"{each.api_group}/{resource.version}" if each.api_group else resource.version,
        kind=each.kind,
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=f"{_REMOVED}{metadata['uid']}",
        manifest=record.canonical(archived_manifest(original)),
    )


def _as_it_was(manifest: Json, held: RecordEntry) -> Json:
    """An object that is held down as it was before: the values of its fields, and who owned them."""
    managed = managed_fields.given_back(manifest, held.fields)
    original = record.with_originals(manifest, held)
    if managed is not None:
        original["metadata"]["managedFields"] = [entry for entry in managed if entry]
    return original


def _explained(error: KubeError) -> str:
    if error.code == _FORBIDDEN:
        return f"{error}. Removing content needs the chart's value operator.removal.enabled."[:5000]
    return str(error)[:5000]


_FORBIDDEN = 403
