"""The write-ahead record: what is recorded is put back, whatever it was, and nothing else is touched."""

import copy
from typing import Any

import jsonpatch
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aup.api.suspension import Suspension
from aup.api.suspension_record import RecordEntry, SuspensionRecord, SuspensionRecordSpec
from aup_operator import record
from aup_operator.drivers import BY_KIND, DRIVERS, RESTORE_ORDER
from aup_operator.drivers.daemonset import DAEMONSET
from aup_operator.drivers.driver import Driver
from aup_operator.drivers.pod import recreatable

Json = dict[str, Any]

SUSPENSION = msgspec.convert(
    {
        "metadata": {"name": "acme-1", "uid": "12345678-90ab-cdef-0000-000000000000"},
        "spec": {"tenant": "acme", "clauses": ["1.6"], "statementOfReasons": {"facts": "f"}, "orderedBy": "desk"},
    },
    Suspension,
)

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def manifest(spec: Json) -> Json:
    """An object as the API server lists it."""
    return {"metadata": {"namespace": "shop", "name": "web", "uid": "u-1"}, "spec": spec}


def patched(before: Json, operations: record.Operations) -> Json:
    """What the API server makes of a JSON Patch."""
    return dict(jsonpatch.apply_patch(copy.deepcopy(before), operations))


@given(
    driver=st.sampled_from(DRIVERS),
    spec=st.fixed_dictionaries(
        {"template": st.fixed_dictionaries({"spec": st.fixed_dictionaries({}, optional={"nodeSelector": _values})})},
        optional={
            "replicas": _values,
            "suspend": _values,
            "persistentVolumeClaimRetentionPolicy": st.fixed_dictionaries(
                {}, optional={"whenScaled": st.sampled_from(["Delete", "Retain"]), "whenDeleted": _values}
            ),
        },
    ),
)
def test_hold_and_restore_are_inverse(driver: Driver, spec: Json) -> None:
    """For any object, restoring what was held gives the object back, absent fields absent."""
    before = manifest(spec)
    entry = record.entry(driver, before)

    held = patched(before, record.hold(before, driver.changes(before)))
    back = patched(held, record.restore(held, entry))

    assert back == before


@given(driver=st.sampled_from(DRIVERS), spec=st.fixed_dictionaries({"template": st.just({"spec": {}})}))
def test_what_is_down_needs_no_patch(driver: Driver, spec: Json) -> None:
    """A second pass over an object changes nothing, and so does a second restore."""
    before = manifest(spec)
    held = patched(before, record.hold(before, driver.changes(before)))

    assert record.hold(held, driver.changes(held)) == []
    assert record.restore(before, record.entry(driver, before)) == []


def test_a_patch_is_for_the_object_that_was_read_alone() -> None:
    """The first operation tests the UID, so that an object made anew under the name is not touched."""
    operations = record.hold(manifest({"template": {"spec": {}}}), DAEMONSET.changes({}))

    assert operations[0] == {"op": "test", "path": "/metadata/uid", "value": "u-1"}


def test_an_absent_node_selector_is_restored_as_absent() -> None:
    """Not as an empty one."""
    before = manifest({"template": {"spec": {}}})
    held = patched(before, record.hold(before, DAEMONSET.changes(before)))

    assert record.restore(held, record.entry(DAEMONSET, before))[1:] == [
        {"op": "remove", "path": "/spec/template/spec/nodeSelector"}
    ]


def test_a_changed_record_is_found_out() -> None:
    """The digest is over every entry's every field."""
    entries = [record.entry(DRIVERS[0], manifest({"suspend": False}))]
    stored = next(record.records(SUSPENSION, entries, 1))
    intact = msgspec.convert(stored, SuspensionRecord)

    stored["spec"]["entries"][0]["fields"][0]["value"] = "true"
    changed = msgspec.convert(stored, SuspensionRecord)

    assert record.intact(intact)
    assert not record.intact(changed)


def test_records_stay_below_the_limit_of_etcd() -> None:
    """At most 200 objects and 900 kB each, every entry in exactly one, in order."""
    entries = [
        RecordEntry(api_version="v1", kind="Pod", namespace="n", name=f"p{i}", uid=str(i), manifest="x" * (i * 40))
        for i in range(450)
    ]

    made = list(record.records(SUSPENSION, entries, 3))

    assert [one["metadata"]["name"] for one in made][:2] == ["acme-1-12345678-0003", "acme-1-12345678-0004"]
    assert all(len(one["spec"]["entries"]) <= 200 for one in made)
    assert all(len(msgspec.json.encode(one)) < 1_000_000 for one in made)
    specs = [msgspec.convert(one["spec"], SuspensionRecordSpec) for one in made]
    assert [entry for spec in specs for entry in spec.entries] == entries


def test_every_kind_that_is_held_has_its_place_in_a_lift() -> None:
    """The restore order names each driver's kind once."""
    assert sorted(RESTORE_ORDER) == sorted(driver.kind for driver in BY_KIND.values())


def test_a_bare_pod_is_kept_as_its_owner_wrote_it() -> None:
    """Without node, status and what the API server adds; labels, annotations and the rest of the spec stay."""
    pod = {
        "metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "resourceVersion": "7", "labels": {"a": "b"}},
        "spec": {"nodeName": "n1", "containers": [{"name": "app"}], "tolerations": []},
        "status": {"phase": "Running"},
    }

    assert recreatable(pod) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"a": "b"}},
        "spec": {"containers": [{"name": "app"}], "tolerations": []},
    }
