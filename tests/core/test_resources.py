"""A Pod takes what the scheduler says it takes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aup.quantity import NANO
from aup.resources import container_asks, pod_asks
from aup.review import of_object
from aup.workload import PodTemplate, workload


def pod(regular: list[int], *, init: list[tuple[int, bool]] | None = None, **spec: Any) -> PodTemplate:
    """A Pod whose containers take so many CPUs; of an init container the flag says whether it is a sidecar."""
    starting = [{**container(cpus), **({"restartPolicy": "Always"} if sidecar else {})} for cpus, sidecar in init or []]
    spec = {"containers": [container(cpus) for cpus in regular], "initContainers": starting, **spec}
    (template,) = workload(of_object({"apiVersion": "v1", "kind": "Pod", "spec": spec})).templates
    return template


def container(cpus: int) -> dict[str, Any]:
    """A container with a limit for CPUs."""
    return {"name": "web", "image": "nginx", "resources": {"limits": {"cpu": cpus}}}


def cpus(template: PodTemplate) -> int:
    """How many CPUs one Pod takes."""
    return pod_asks(template).amounts.get("cpu", 0) // NANO


def test_containers_add_up() -> None:
    """Two containers of 1 and 2 CPUs take 3."""
    assert cpus(pod([1, 2])) == 3


def test_init_containers_count_by_the_largest() -> None:
    """They run one after the other, and before the others."""
    assert cpus(pod([1, 2], init=[(5, False), (4, False)])) == 5


def test_sidecars_add_up_with_the_containers() -> None:
    """They run as long as the Pod."""
    assert cpus(pod([1, 2], init=[(2, True)])) == 5


def test_an_init_container_runs_beside_the_sidecars_before_it_only() -> None:
    """The order of the list decides."""
    assert cpus(pod([1], init=[(2, True), (5, False)])) == 7
    assert cpus(pod([1], init=[(5, False), (2, True)])) == 5


def test_values_of_the_whole_pod_replace_the_sum_and_overhead_comes_on_top() -> None:
    """`spec.resources` beats the containers', `spec.overhead` is added."""
    assert cpus(pod([4, 4], resources={"limits": {"cpu": 5}}, overhead={"cpu": 1})) == 6


def test_an_ephemeral_container_takes_nothing_of_its_own() -> None:
    """The API allows it no resources."""
    assert cpus(pod([1], ephemeralContainers=[container(9)])) == 1


def test_the_larger_of_limit_and_request_counts() -> None:
    """Whichever is larger is what the container may take."""
    (one,) = pod(
        [], containers=[{"image": "a", "resources": {"limits": {"a": 1, "b": 4}, "requests": {"b": 3, "c": 5}}}]
    ).containers

    assert container_asks(one).amounts == {"a": NANO, "b": 4 * NANO, "c": 5 * NANO}


def test_unreadable_amounts_are_named_and_negative_ones_count_as_nothing() -> None:
    """A malformed amount is told with its field; neither makes room for another."""
    resources = {"limits": {"cpu": "lots", "memory": "1Gi"}, "requests": {"cpu": "-1"}}
    (one,) = pod([], containers=[{"image": "a", "resources": resources}]).containers

    assert container_asks(one).unreadable == [("limits.cpu", "not a quantity: 'lots', which ends in 'lots'")]
    assert container_asks(one).amounts == {"memory": 2**30 * NANO, "cpu": 0}


@given(st.lists(st.integers(0, 50), max_size=5), st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=5))
def test_a_pod_takes_at_least_each_container_and_at_most_all_of_them(
    regular: list[int], init: list[tuple[int, bool]]
) -> None:
    """The scheduler's figure lies between the largest and the sum."""
    asked = [*regular, *(each for each, _ in init)]

    assert max(asked, default=0) <= cpus(pod(regular, init=init)) <= sum(asked)
