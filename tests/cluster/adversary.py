"""A suspended tenant that tries everything: a table of attempts, each made many times with other targets and words.

What it may do (delete, scale down, edit) it does to its `prey-` objects and to the `mine-` objects that it makes; the
zoo, which the lift has to restore exactly, only meets what must be refused.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from random import Random
from typing import Any, Literal

import msgspec

from aup_operator.kube import JSON_PATCH, MERGE_PATCH, Kube, KubeError
from tests.cluster.suspending import COUNTED_UP, SUSPENSIONS, custom_zoo, zoo
from tests.support import LIFT, Json, container, pod, workload

APPLY_PATCH = "application/apply-patch+yaml"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

FREEZE, GUARD, RIGHTS = "AUP7301", "[AUP guard]", " cannot "
"""Who refuses, by its words: the freeze or the webhook, the guard, and the API server's own authorization."""


class Request(msgspec.Struct, frozen=True):
    """One request to the API server."""

    method: str
    path: str
    body: object = None
    content_type: str = "application/json"
    query: Mapping[str, str] = {}


class World(msgspec.Struct, frozen=True):
    """What the tenant knows: its namespace, and of each object of the zoo its path, how it was and how it is held."""

    namespace: str
    zoo: list[tuple[str, Json, Json]]
    record: str
    suspension: str
    policy: str
    numbers: Iterator[int]

    def core(self, rest: str) -> str:
        """A path in the core group."""
        return f"/api/v1/namespaces/{self.namespace}/{rest}"

    def group(self, group: str, rest: str) -> str:
        """A path in another group, which is named with its version."""
        return f"/apis/{group}/namespaces/{self.namespace}/{rest}"

    def mine(self) -> str:
        """A name that is not taken."""
        return f"mine-{next(self.numbers)}"


class Row(msgspec.Struct, frozen=True):
    """One kind of attempt: what has to come of it, in whose words it is refused, and how often it is made."""

    name: str
    outcome: Literal["refused", "passes", "either"]
    by: str
    make: Callable[[Random, World], Request]
    weight: int = 10


PREY = 24
_CREATED = [*zoo(), *(one for one in custom_zoo() if one["kind"] != "Fleet")]


def prey() -> list[Json]:
    """What the tenant has beside the zoo, to do with it what it likes."""
    objects: list[Json] = []
    for number in range(PREY):
        objects += [
            workload("Deployment", f"prey-{number}", replicas=1),
            workload("CronJob", f"prey-{number}"),
            workload("Job", f"prey-{number}", suspend=True),
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"prey-{number}"}, "data": {"a": "b"}},
        ]
    autoscaler = {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "prey-0"}}
    for one in objects:
        one["metadata"]["labels"] = {"prey": str(int(one["metadata"]["name"].removeprefix("prey-")) % 6)}
    return [
        *objects,
        workload("StatefulSet", "prey-0", replicas=2),
        workload("DaemonSet", "prey-0"),
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "prey-0"},
            "spec": autoscaler,
        },
        {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {"name": "prey-0"},
            "spec": {"scaleTargetRef": {"name": "prey-1"}},
        },
        *(pod(f"prey-{number}") for number in range(3)),
    ]


def differences(was: object, now: object, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """The places where two JSON values differ, each with what was there; None for nothing."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            yield from differences(was.get(key), now.get(key), (*at, key))
    elif was != now:
        yield at, was


def put_back(was: Json, now: Json) -> Iterator[tuple[tuple[str, ...], object]]:
    """What has to be set for an object to be as it was, but for what the API server counts up itself."""
    yield from differences(was.get("spec"), now.get("spec"), ("spec",))
    before, after = was["metadata"].get("annotations", {}), now["metadata"].get("annotations", {})
    for at, value in differences(before, after, ("metadata", "annotations")):
        if at[-1] != COUNTED_UP:
            yield at, value


def _nested(changes: list[tuple[tuple[str, ...], object]]) -> Json:
    body: Json = {}
    for (*parents, last), value in changes:
        holder = body
        for parent in parents:
            holder = holder.setdefault(parent, {})
        holder[last] = value
    return body


def _put_back(random: Random, world: World) -> tuple[str, Json, list[tuple[tuple[str, ...], object]]]:
    """An object of the zoo that is held, and some of its fields as they were."""
    path, was, now = random.choice(world.zoo)
    changes = [*put_back(was, now)]
    return path, now, random.sample(changes, random.randint(1, len(changes)))


def _merge(random: Random, world: World) -> Request:
    path, _, changes = _put_back(random, world)
    return Request("PATCH", path, _nested(changes), MERGE_PATCH)


def _json(random: Random, world: World) -> Request:
    path, _, changes = _put_back(random, world)
    operations = [
        {"op": "remove", "path": _pointer(at)} if value is None else {"op": "add", "path": _pointer(at), "value": value}
        for at, value in changes
    ]
    return Request("PATCH", path, operations, JSON_PATCH)


def _pointer(at: tuple[str, ...]) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in at)


def _put(random: Random, world: World) -> Request:
    """The object as the tenant reads it, with what was there before."""
    path, now, changes = _put_back(random, world)
    whole = deepcopy(now)
    whole["metadata"].pop("resourceVersion", None)
    for (*parents, last), value in changes:
        holder: Any = whole
        for parent in parents:
            holder = holder.setdefault(parent, {})
        if value is None:
            holder.pop(last, None)
        else:
            holder[last] = value
    return Request("PUT", path, whole)


def _apply(random: Random, world: World) -> Request:
    """What is absent in an apply is not removed, so only what was there is applied."""
    while True:
        path, now, changes = _put_back(random, world)
        there = [(at, value) for at, value in changes if value is not None]
        if there:
            break
    body = {"apiVersion": now["apiVersion"], "kind": now["kind"], "metadata": {"name": now["metadata"]["name"]}}
    body["metadata"] |= _nested(there).get("metadata", {})
    if "spec" in _nested(there):
        body["spec"] = _nested(there)["spec"]
    return Request("PATCH", path, body, APPLY_PATCH, {"force": "true", "fieldManager": random.choice(_MANAGERS)})


_MANAGERS = ["helm", "kubectl", "argocd-controller", "aup-operator", "before-first-apply"]


def _strategic(random: Random, world: World) -> Request:
    built_in = msgspec.structs.replace(world, zoo=[one for one in world.zoo if "." not in one[1]["apiVersion"]])
    path, _, changes = _put_back(random, built_in)
    return Request("PATCH", path, _nested(changes), STRATEGIC_PATCH)


def _scale(random: Random, world: World) -> Request:
    path, _, now = random.choice([one for one in world.zoo if _plural(one[0]) in _SCALED])
    count = random.choice([1, 2, 3, 10, 1000])
    if random.random() < 0.5:
        return Request("PATCH", f"{path}/scale", {"spec": {"replicas": count}}, MERGE_PATCH)
    if random.random() < 0.5:
        operations = [{"op": "add", "path": "/spec/replicas", "value": count}]
        return Request("PATCH", f"{path}/scale", operations, JSON_PATCH)
    name, namespace = now["metadata"]["name"], world.namespace
    body = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": name, "namespace": namespace}}
    return Request("PUT", f"{path}/scale", body | {"spec": {"replicas": count}})


_SCALED = {"deployments", "replicasets", "replicationcontrollers", "rollouts", "fleets"}


def _plural(path: str) -> str:
    return path.split("/")[-2]


def _raise(random: Random, world: World) -> Request:
    """More than there was before."""
    path, now = random.choice([(path, now) for path, _, now in world.zoo if now["kind"] in _SPEC_REPLICAS])
    field = _SPEC_REPLICAS[now["kind"]]
    before = now["spec"].get(field, 1)
    if random.random() < 0.5:
        operations = [{"op": "add", "path": f"/spec/{field}", "value": before + random.randint(1, 9)}]
        return Request("PATCH", path, operations, JSON_PATCH)
    return Request("PATCH", path, {"spec": {field: before + random.randint(1, 9)}}, MERGE_PATCH)


_SPEC_REPLICAS = {
    "Deployment": "replicas",
    "StatefulSet": "replicas",
    "ReplicaSet": "replicas",
    "ReplicationController": "replicas",
    "Job": "parallelism",
    "Rollout": "replicas",
    "Fleet": "size",
}


def _by_another_version(random: Random, world: World) -> Request:
    path = world.group("example.com/v1beta1", "fleets/custom")
    return Request("PATCH", path, {"spec": {"size": random.randint(1, 9)}}, MERGE_PATCH)


def _created(random: Random, world: World) -> tuple[str, Json]:
    """A new object that starts Pods, sometimes with a name that is or was taken, and the collection it belongs to."""
    manifest = deepcopy(random.choice(_CREATED))
    metadata = manifest["metadata"]
    match random.randrange(4):
        case 0:
            metadata["name"] = f"prey-{random.randrange(PREY)}"
        case 1:
            pass
        case 2:
            metadata["generateName"] = f"{metadata.pop('name')}-"
        case _:
            metadata["name"] = world.mine()
    if random.random() < 0.3:
        metadata["ownerReferences"] = [_forged(random, world)]
    if random.random() < 0.3:
        metadata["annotations"] = {**metadata.get("annotations", {}), **_markers(random)}
    return _collection(world, manifest), manifest


def _forged(random: Random, world: World) -> Json:
    _, was, _ = random.choice(world.zoo)
    uid = was["metadata"]["uid"]
    owner = {"apiVersion": was["apiVersion"], "kind": was["kind"], "name": was["metadata"]["name"], "uid": uid}
    return owner | {"controller": True}


def _markers(random: Random) -> dict[str, str]:
    key = random.choice(["suspended", "exempt", "tenant", "selection", "permit", "lift-first"])
    return {f"aup.asergo.com/{key}": random.choice(["true", "false", "lifting", "nobody"])}


_PLURALS = {"Service": "services", "Kafka": "kafkas", "KafkaMirrorMaker2": "kafkamirrormaker2s"}


def _collection(world: World, manifest: Json) -> str:
    known = {(one["apiVersion"], one["kind"]): path.rpartition("/")[0] for path, one, _ in (*world.zoo, *_pods(world))}
    found = known.get((manifest["apiVersion"], manifest["kind"]))
    if found:
        return found
    plural = _PLURALS.get(manifest["kind"], manifest["kind"].lower() + "s")
    version = manifest["apiVersion"]
    return world.group(version, plural) if "/" in version else world.core(plural)


def _pods(world: World) -> list[tuple[str, Json, Json]]:
    return [(world.core("pods/x"), {"apiVersion": "v1", "kind": "Pod"}, {})]


def _create(random: Random, world: World) -> Request:
    collection, manifest = _created(random, world)
    return Request("POST", collection, manifest)


def _create_by_apply(random: Random, world: World) -> Request:
    collection, manifest = _created(random, world)
    name = manifest["metadata"].pop("generateName", None)
    manifest["metadata"]["name"] = manifest["metadata"].get("name") or f"{name}{next(world.numbers)}"
    manifest["metadata"]["name"] = f"mine-{manifest['metadata']['name']}-{next(world.numbers)}"
    path = f"{collection}/{manifest['metadata']['name']}"
    return Request("PATCH", path, manifest, APPLY_PATCH, {"force": "true", "fieldManager": "mine"})


def _pod(random: Random, world: World) -> Request:
    manifest = pod(world.mine(), container(command=["sh", "-c", "sleep 9999"]))
    manifest["metadata"] |= random.choice(
        [
            {},
            {"ownerReferences": [_forged(random, world)], "labels": {"app": "web"}},
            {"finalizers": ["mine.example/stay"]},
            {"annotations": _markers(random)},
        ]
    )
    manifest["spec"] |= random.choice(
        [
            {},
            {"nodeName": "testbed-node"},
            {"nodeName": "testbed-node", "containers": [container("mirrored")]},
            {"schedulerName": "mine"},
            {"terminationGracePeriodSeconds": 86_400},
            {"tolerations": [{"operator": "Exists"}]},
            {"schedulingGates": [{"name": "mine.example/later"}]},
        ]
    )
    if manifest["spec"]["containers"][0]["name"] == "mirrored":
        manifest["metadata"]["annotations"] = {
            "kubernetes.io/config.mirror": "a",
            "kubernetes.io/config.source": "file",
        }
    return Request("POST", world.core("pods"), manifest)


def _autoscaler(random: Random, world: World) -> Request:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": random.choice(["web", "prey-2"])}
    version = random.choice(["v1", "v2"])
    manifest = {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": world.mine()},
        "spec": {"minReplicas": 1, "maxReplicas": random.randint(2, 9), "scaleTargetRef": target},
    }
    return Request("POST", world.group(f"autoscaling/{version}", "horizontalpodautoscalers"), manifest)


def _autoscaled(random: Random, world: World) -> Request:
    """The autoscaler that it has is told to want more."""
    field = random.choice(["minReplicas", "maxReplicas"])
    path = world.group(f"autoscaling/{random.choice(['v1', 'v2'])}", "horizontalpodautoscalers/prey-0")
    if field == "minReplicas":
        return Request("PATCH", path, {"spec": {field: random.randint(2, 3)}}, MERGE_PATCH)
    return Request("PATCH", path, {"spec": {field: random.randint(4, 99)}}, STRATEGIC_PATCH)


def _ended(random: Random, world: World, rest: str) -> str:
    return world.core(f"pods/prey-ended-{random.randrange(3)}/{rest}")


def _ephemeral(random: Random, world: World) -> Request:
    containers = [{"name": "look", "image": "registry.example/shop:1.4.2", "targetContainerName": "app"}]
    body = {"spec": {"ephemeralContainers": containers}}
    return Request("PATCH", _ended(random, world, "ephemeralcontainers"), body, STRATEGIC_PATCH)


def _connect(random: Random, world: World) -> Request:
    how = random.choice(["exec", "attach", "portforward", "proxy/"])
    query = {"exec": {"command": "ls", "stdout": "true"}, "attach": {"stdout": "true"}}.get(how, {})
    return Request(random.choice(["GET", "POST"]), _ended(random, world, how), query=query)


def _bind(random: Random, world: World) -> Request:
    name = f"prey-ended-{random.randrange(3)}"
    target = {"apiVersion": "v1", "kind": "Node", "name": "testbed-node"}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
    return Request("POST", random.choice([world.core("bindings"), world.core(f"pods/{name}/binding")]), body)


def _revive(random: Random, world: World) -> Request:
    """Says of a Pod that has ended that it runs."""
    body = {"status": {"phase": random.choice(["Running", "Pending", "Unknown"])}}
    return Request("PATCH", _ended(random, world, "status"), body, MERGE_PATCH)


def _resize(random: Random, world: World) -> Request:
    more = {"limits": {"cpu": "2", "memory": "64Mi"}, "requests": {"cpu": "2", "memory": "64Mi"}}
    body = {"spec": {"containers": [{"name": "app", "resources": more}]}}
    return Request("PATCH", _ended(random, world, "resize"), body, STRATEGIC_PATCH)


def _finalizer(random: Random, world: World) -> Request:
    finalizers = [f"mine.example/{random.randrange(9)}"] if random.random() < 0.5 else []
    return Request(
        "PATCH", _ended(random, world, "").rstrip("/"), {"metadata": {"finalizers": finalizers}}, MERGE_PATCH
    )


def _keda(random: Random, world: World) -> Request:
    name = random.choice(["prey-0", "custom"])
    key = random.choice(["paused", "paused-replicas"])
    value = random.choice([None, "false", "5"])
    body = {"metadata": {"annotations": {f"autoscaling.keda.sh/{key}": value}}}
    return Request("PATCH", world.group("keda.sh/v1alpha1", f"scaledobjects/{name}"), body, MERGE_PATCH)


def _policy(random: Random, world: World) -> Request:
    path = world.group("networking.k8s.io/v1", "networkpolicies")
    if random.random() < 0.4:
        return Request("DELETE", f"{path}/{world.policy}")
    if random.random() < 0.5:
        return Request("PATCH", f"{path}/{world.policy}", {"spec": {"ingress": [{}], "egress": [{}]}}, MERGE_PATCH)
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": f"aup-{world.mine()}"}}
    return Request("POST", path, body | {"spec": {"podSelector": {}, "ingress": [{}], "egress": [{}]}})


def _all_policies(_: Random, world: World) -> Request:
    query = {"fieldSelector": f"metadata.name={world.policy}"}
    return Request("DELETE", world.group("networking.k8s.io/v1", "networkpolicies"), query=query)


def _own_namespace(random: Random, world: World) -> Request:
    labels = random.choice(
        [
            {"aup.asergo.com/suspended": None},
            {"aup.asergo.com/suspended": "lifting"},
            {"aup.asergo.com/tenant": None},
            {"aup.asergo.com/tenant": "somebody"},
        ]
    )
    path = f"/api/v1/namespaces/{world.namespace}"
    where = random.choice(["", "/status"])
    if random.random() < 0.5:
        return Request("PATCH", path + where, {"metadata": {"labels": labels}}, MERGE_PATCH)
    ((key, value),) = labels.items()
    pointer = "/metadata/labels/" + key.replace("/", "~1")
    operation = (
        {"op": "remove", "path": pointer} if value is None else {"op": "replace", "path": pointer, "value": value}
    )
    return Request("PATCH", path + where, [operation], JSON_PATCH)


def _named_like_the_system(_: Random, world: World) -> Request:
    body = {"metadata": {"labels": {"kubernetes.io/metadata.name": "kube-system"}}}
    return Request("PATCH", f"/api/v1/namespaces/{world.namespace}", body, MERGE_PATCH)


def _notice(random: Random, world: World) -> Request:
    path = world.group("aup.asergo.com/v1alpha1", "notices")
    if random.random() < 0.5:
        return Request("DELETE", f"{path}/{world.policy.removeprefix('aup-')}")
    body = {"status": {"phase": "Closed"}}
    return Request("PATCH", f"{path}/{world.policy.removeprefix('aup-')}/status", body, MERGE_PATCH)


def _beyond(random: Random, world: World) -> Request:
    """What is not in its namespace at all."""
    name = world.mine()
    lift = msgspec.json.decode(LIFT)
    records = "/apis/aup.asergo.com/v1alpha1/suspensionrecords"
    policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    return random.choice(
        [
            Request(
                "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            ),
            Request("PATCH", f"{SUSPENSIONS}/{world.suspension}", lift, MERGE_PATCH),
            Request("DELETE", f"{SUSPENSIONS}/{world.suspension}"),
            Request("PATCH", f"{SUSPENSIONS}/{world.suspension}/status", {"status": {"phase": "Lifted"}}, MERGE_PATCH),
            Request("DELETE", f"{records}/{world.record}"),
            Request("PATCH", f"{records}/{world.record}", {"spec": {"digest": "0"}}, MERGE_PATCH),
            Request("PATCH", f"{records}/{world.record}/status", {"status": {"phase": "Restored"}}, MERGE_PATCH),
            Request("DELETE", f"{policies}/aup-freeze"),
            Request("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/suspensions.aup.asergo.com"),
            Request("POST", "/api/v1/namespaces/aup-system/serviceaccounts/aup-operator/token", {"spec": {}}),
            Request("POST", "/api/v1/namespaces/aup-system/pods", pod(name)),
            Request("POST", "/api/v1/namespaces/default/pods", pod(name)),
            Request("DELETE", "/apis/coordination.k8s.io/v1/namespaces/aup-system/leases"),
        ]
    )


def _rights(random: Random, world: World) -> Request:
    """Roles and accounts of its own; what it gives them is what it may do itself."""
    name = world.mine()
    rbac = "rbac.authorization.k8s.io/v1"
    subject = {"kind": "ServiceAccount", "name": "mine-bot", "namespace": world.namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "everything"}
    metadata = {"metadata": {"name": name}}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": {"holderIdentity": "me"}}
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "spec": {"minAvailable": "100%", "selector": {}},
    }
    network = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"podSelector": {}}}
    return random.choice(
        [
            Request("POST", world.core("serviceaccounts"), {"apiVersion": "v1", "kind": "ServiceAccount", **metadata}),
            Request(
                "POST",
                world.group(rbac, "rolebindings"),
                {"apiVersion": rbac, "kind": "RoleBinding", "roleRef": role, "subjects": [subject], **metadata},
            ),
            Request(
                "POST",
                world.core("serviceaccounts/mine-bot/token"),
                {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
            ),
            Request("POST", world.group("coordination.k8s.io/v1", "leases"), lease | metadata),
            Request("POST", world.group("policy/v1", "poddisruptionbudgets"), budget | metadata),
            Request("POST", world.group("networking.k8s.io/v1", "networkpolicies"), network | metadata),
            Request("POST", world.core("configmaps"), {"apiVersion": "v1", "kind": "ConfigMap", **metadata}),
        ]
    )


def _escalate(random: Random, world: World) -> Request:
    """A right that it has not, such as to be a controller of Kubernetes' own."""
    rbac = "rbac.authorization.k8s.io"
    metadata = {"metadata": {"name": world.mine()}}
    account = {"kind": "ServiceAccount", "name": "mine-bot", "namespace": world.namespace}
    rule = {"apiGroups": [""], "resources": ["users", "serviceaccounts"], "verbs": ["impersonate"]}
    role = {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"apiVersion": f"{rbac}/v1", "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [account]}
    return random.choice(
        [
            Request(
                "POST",
                f"/apis/{rbac}/v1/clusterroles",
                {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "rules": [rule], **metadata},
            ),
            Request("POST", f"/apis/{rbac}/v1/clusterrolebindings", binding | metadata),
            Request(
                "POST",
                "/api/v1/namespaces/kube-system/serviceaccounts/replicaset-controller/token",
                {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
            ),
        ]
    )


def _prey(random: Random, world: World) -> str:
    plural = random.choice(["apps/v1 deployments", "batch/v1 cronjobs", "batch/v1 jobs"])
    group, _, kind = plural.partition(" ")
    return world.group(group, f"{kind}/prey-{random.randrange(PREY)}")


def _edit(random: Random, world: World) -> Request:
    labels: Json = {"edited": random.choice(["a", "b", None])}
    annotations: Json = random.choice([{"note": "x"}, _markers(random)])
    return Request(
        "PATCH", _prey(random, world), {"metadata": {"labels": labels, "annotations": annotations}}, MERGE_PATCH
    )


def _image(random: Random, world: World) -> Request:
    containers = [{"name": "app", "image": f"registry.example/shop:1.5.{random.randrange(9)}"}]
    path = world.group("apps/v1", f"deployments/prey-{random.randrange(PREY)}")
    return Request("PATCH", path, {"spec": {"template": {"spec": {"containers": containers}}}}, STRATEGIC_PATCH)


def _own(random: Random, world: World) -> Request:
    """Forged owners on what it has."""
    owners = [_forged(random, world)]
    return Request("PATCH", _prey(random, world), {"metadata": {"ownerReferences": owners}}, MERGE_PATCH)


def _raise_prey(random: Random, world: World) -> Request:
    path = world.group("apps/v1", f"deployments/prey-{random.randrange(PREY)}")
    count = {"spec": {"replicas": random.randint(1, 9)}}
    return Request("PATCH", random.choice([path, f"{path}/scale"]), count, MERGE_PATCH)


def _lower(random: Random, world: World) -> Request:
    path = world.group("apps/v1", f"deployments/prey-{random.randrange(PREY)}")
    return Request("PATCH", random.choice([path, f"{path}/scale"]), {"spec": {"replicas": 0}}, MERGE_PATCH)


def _delete(random: Random, world: World) -> Request:
    how = {"propagationPolicy": random.choice(["Background", "Orphan", "Foreground"])}
    return Request("DELETE", _prey(random, world), {"apiVersion": "v1", "kind": "DeleteOptions", **how})


def _delete_all(random: Random, world: World) -> Request:
    collection = _prey(random, world).rpartition("/")[0]
    return Request("DELETE", collection, query={"labelSelector": f"prey={random.randrange(6)}"})


def _fleet(random: Random, world: World) -> Request:
    """Of a kind that nobody has heard of, without Pods in it: it may be stored, and is scaled down again."""
    manifest = {"apiVersion": "example.com/v1", "kind": "Fleet", "metadata": {"name": world.mine()}}
    return Request("POST", world.group("example.com/v1", "fleets"), manifest | {"spec": {"size": random.randint(1, 9)}})


def _forge_status(random: Random, world: World) -> Request:
    path = world.group("apps/v1", f"deployments/prey-{random.randrange(PREY)}/status")
    return Request("PATCH", path, {"status": {"replicas": 5, "readyReplicas": 5}}, MERGE_PATCH)


ROWS = [
    Row("zoo put back by a merge patch", "refused", FREEZE, _merge, 30),
    Row("zoo put back by a JSON patch", "refused", FREEZE, _json, 30),
    Row("zoo put back by a strategic merge patch", "refused", FREEZE, _strategic, 20),
    Row("zoo put back by server-side apply with force", "refused", FREEZE, _apply, 30),
    Row("zoo put back whole", "refused", FREEZE, _put, 30),
    Row("zoo scaled up by its subresource", "refused", FREEZE, _scale, 30),
    Row("zoo's counts raised", "refused", FREEZE, _raise, 20),
    Row("a count raised through another version", "refused", FREEZE, _by_another_version),
    Row("something that starts Pods created", "refused", FREEZE, _create, 60),
    Row("something that starts Pods created by apply", "refused", FREEZE, _create_by_apply, 30),
    Row("a Pod created", "refused", FREEZE, _pod, 30),
    Row("an autoscaler created", "refused", FREEZE, _autoscaler),
    Row("an autoscaler that wants more", "refused", FREEZE, _autoscaled),
    Row("a container added to an ended Pod", "refused", FREEZE, _ephemeral),
    Row("a connection to an ended Pod", "refused", FREEZE, _connect),
    Row("an ended Pod bound to a node", "refused", FREEZE, _bind),
    Row("an ended Pod resized", "either", "", _resize),
    Row("an ended Pod said to run", "refused", FREEZE, _revive),
    Row("KEDA un-paused", "refused", FREEZE, _keda),
    Row("our NetworkPolicy touched or imitated", "refused", FREEZE, _policy),
    Row("our NetworkPolicy deleted with others", "refused", FREEZE, _all_policies),
    Row("its namespace's labels changed", "refused", GUARD, _own_namespace, 20),
    Row("its namespace named like the system's", "either", "", _named_like_the_system, 3),
    Row("a Notice touched", "refused", GUARD, _notice),
    Row("something beyond its namespace", "refused", RIGHTS, _beyond, 20),
    Row("a right that it has not", "refused", RIGHTS, _escalate, 5),
    Row("its other things scaled up", "refused", FREEZE, _raise_prey, 20),
    Row("its other things scaled down", "passes", "", _lower),
    Row("its other things edited", "passes", "", _edit, 20),
    Row("its other things given another image", "passes", "", _image),
    Row("its other things given forged owners", "passes", "", _own, 5),
    Row("its other things deleted", "passes", "", _delete, 3),
    Row("its other things deleted by the dozen", "passes", "", _delete_all, 1),
    Row("finalizers of an ended Pod", "passes", "", _finalizer),
    Row("a Deployment's status forged", "passes", "", _forge_status, 5),
    Row("accounts, roles, leases, budgets and the like of its own", "passes", "", _rights, 20),
    Row("an object of an unknown kind without Pods", "passes", "", _fleet, 3),
]


def _as_read_now(kube: Kube, request: Request) -> None:
    """An update names the version that was read."""
    body: Any = request.body
    there = kube.get(request.path) or {"metadata": {}}
    body["metadata"]["resourceVersion"] = there["metadata"].get("resourceVersion", "")


class Outcomes:
    """What came of the attempts, by row."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.by: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self.broken: list[str] = []
        self._lock = threading.Lock()

    def count(self, row: Row, request: Request, error: KubeError | None) -> None:
        """One attempt."""
        with self._lock:
            if error is None:
                self.passed[row.name] += 1
                if row.outcome == "refused":
                    self.broken.append(f"{row.name}: {request}")
            else:
                self.refused[row.name] += 1
                if row.by and row.by in error.message:
                    self.by[row.name] += 1
                else:
                    self.examples[f"{row.name}: {error}"[:300]] = str(request)[:300]

    @property
    def attempts(self) -> int:
        """How many there were."""
        return self.passed.total() + self.refused.total()

    def table(self) -> str:
        """For people: each row with how often it passed and was refused, and how often in the words expected."""
        lines = [f"{'attempts':>8} {'passed':>7} {'refused':>8} {'as told':>8}  what"]
        for row in ROWS:
            passed, refused = self.passed[row.name], self.refused[row.name]
            lines.append(f"{passed + refused:8} {passed:7} {refused:8} {self.by[row.name]:8}  {row.name}")
        return "\n".join(lines)


def attack(kubes: list[Kube], world: World, seed: int, seconds: float) -> Outcomes:
    """Make attempts for so many seconds, with one thread for each client."""
    outcomes = Outcomes()
    until = time.monotonic() + seconds

    def go_on(number: int) -> None:
        random = Random(seed * 1000 + number)  # noqa: S311 - a run that can be made again
        while time.monotonic() < until:
            (row,) = random.choices(ROWS, [one.weight for one in ROWS])
            request = row.make(random, world)
            error = None
            try:
                if request.method == "PUT":
                    _as_read_now(kubes[number], request)
                kubes[number].request(request.method, request.path, request.body, request.content_type, **request.query)
            except KubeError as failed:
                error = failed
            except OSError as failed:
                error = KubeError(0, str(failed))
            outcomes.count(row, request, error)

    threads = [threading.Thread(target=go_on, args=(number,)) for number in range(len(kubes))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return outcomes


def numbers() -> Iterator[int]:
    """1, 2, 3 and so on; safe to be used by several threads."""
    return itertools.count(1)
