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
from aup_operator.drivers import DRIVERS, KNOWN
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
    entry = record.entry(driver, before, driver.changes(before))

    held = patched(before, record.hold(before, driver.changes(before)))
    back = patched(held, record.restore(held, entry))

    assert back == before


@given(driver=st.sampled_from(DRIVERS), spec=st.fixed_dictionaries({"template": st.just({"spec": {}})}))
def test_what_is_down_needs_no_patch(driver: Driver, spec: Json) -> None:
    """A second pass over an object changes nothing, and so does a second restore."""
    before = manifest(spec)
    held = patched(before, record.hold(before, driver.changes(before)))

    assert record.hold(held, driver.changes(held)) == []
    assert record.restore(before, record.entry(driver, before, driver.changes(before))) == []


def test_a_patch_is_for_the_object_that_was_read_alone() -> None:
    """The first operation tests the UID, so that an object made anew under the name is not touched."""
    operations = record.hold(manifest({"template": {"spec": {}}}), DAEMONSET.changes({}))

    assert operations[0] == {"op": "test", "path": "/metadata/uid", "value": "u-1"}


def test_an_absent_node_selector_is_restored_as_absent() -> None:
    """Not as an empty one."""
    before = manifest({"template": {"spec": {}}})
    held = patched(before, record.hold(before, DAEMONSET.changes(before)))

    assert record.restore(held, record.entry(DAEMONSET, before, DAEMONSET.changes(before)))[1:] == [
        {"op": "remove", "path": "/spec/template/spec/nodeSelector"}
    ]


SCALED_OBJECT = KNOWN["keda.sh", "ScaledObject"]


@given(
    driver=st.sampled_from(sorted(KNOWN.values(), key=lambda one: (one.group, one.kind))),
    annotations=st.none() | st.dictionaries(st.sampled_from(["a", "autoscaling.keda.sh/paused"]), st.just("4")),
    spec=st.dictionaries(
        st.sampled_from(["replicas", "suspend", "running", "shutdownAfterJobFinishes"]), st.booleans() | st.integers()
    )
    | st.fixed_dictionaries({"runPolicy": st.dictionaries(st.sampled_from(["suspend", "other"]), st.booleans())}),
)
def test_kinds_of_other_projects_are_put_back_too(driver: Driver, annotations: Json | None, spec: Json) -> None:
    """Also where the annotations, or another object around the field, were not there."""
    before = manifest(spec)
    before["metadata"] |= {} if annotations is None else {"annotations": annotations}
    entry = record.entry(driver, before, driver.changes(before))

    held = patched(before, record.hold(before, driver.changes(before)))

    assert patched(held, record.restore(held, entry)) == before
    assert record.with_originals(held, entry) == before
    assert record.hold(held, driver.changes(held)) == []
    assert record.restore(before, entry) == []


def test_annotations_that_were_not_there_are_absent_again_but_what_others_wrote_stays() -> None:
    """An object that we made goes when nothing of others is in it, and only if that is still so."""
    before = manifest({})
    entry = record.entry(SCALED_OBJECT, before, SCALED_OBJECT.changes(before))
    held = patched(before, record.hold(before, SCALED_OBJECT.changes(before)))
    touched = copy.deepcopy(held)
    touched["metadata"]["annotations"]["note"] = "mine"

    assert record.restore(held, entry)[-2:] == [
        {"op": "test", "path": "/metadata/annotations", "value": {}},
        {"op": "remove", "path": "/metadata/annotations"},
    ]
    assert patched(touched, record.restore(touched, entry))["metadata"]["annotations"] == {"note": "mine"}
    assert record.with_originals(touched, entry)["metadata"]["annotations"] == {"note": "mine"}


def test_a_value_is_restored_where_the_object_around_it_went() -> None:
    """A tenant that removes all annotations does not make the lift fail."""
    before = manifest({})
    before["metadata"]["annotations"] = {"autoscaling.keda.sh/paused-replicas": "4"}
    entry = record.entry(SCALED_OBJECT, before, SCALED_OBJECT.changes(before))
    bare = manifest({})

    assert patched(bare, record.restore(bare, entry)) == before
    assert [field.path for field in record.differing(entry, record.hold(bare, SCALED_OBJECT.changes(bare)))] == [
        "/metadata/annotations/autoscaling.keda.sh~1paused",
        "/metadata/annotations/autoscaling.keda.sh~1paused-replicas",
    ]


def test_a_changed_record_is_found_out() -> None:
    """The digest is over every entry's every field."""
    entries = [record.entry(DRIVERS[0], manifest({"suspend": False}), DRIVERS[0].changes({}))]
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
