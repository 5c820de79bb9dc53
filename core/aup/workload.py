"""The pod templates inside any object, and the one iterator over their containers.

Known kinds are looked up in a table; any other object is searched for pod specs, so a custom resource that embeds a
pod template is judged like a Deployment. The search is bounded in depth and in values visited.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from aup.review import Json, Review, count, listing, mapping, text

Holder = tuple[Json, str]
"""What holds a key `spec`, and its path."""

ContainerKind = Literal["init", "sidecar", "regular", "ephemeral"]

_LISTS: tuple[tuple[str, ContainerKind], ...] = (
    ("initContainers", "init"),
    ("containers", "regular"),
    ("ephemeralContainers", "ephemeral"),
)
# Where a known kind keeps its pod template and its count of Pods, as keys from the object's root.
KINDS: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("", "Pod"): ((), ()),
    ("", "PodTemplate"): (("template",), ()),
    ("", "ReplicationController"): (("spec", "template"), ("spec", "replicas")),
    ("apps", "Deployment"): (("spec", "template"), ("spec", "replicas")),
    ("apps", "StatefulSet"): (("spec", "template"), ("spec", "replicas")),
    ("apps", "ReplicaSet"): (("spec", "template"), ("spec", "replicas")),
    ("apps", "DaemonSet"): (("spec", "template"), ()),
    ("batch", "Job"): (("spec", "template"), ("spec", "parallelism")),
    ("batch", "CronJob"): (
        ("spec", "jobTemplate", "spec", "template"),
        ("spec", "jobTemplate", "spec", "parallelism"),
    ),
}
_HOOKS = ("postStart", "preStop")
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_DEPTH = 24
_VISITS = 20_000


class Container(msgspec.Struct, frozen=True):
    """One container: `path` is its field path, `spec` its JSON object, `kind` tells which list holds it and how."""

    kind: ContainerKind
    path: str
    name: str
    spec: Json

    @property
    def image(self) -> str:
        """The image reference as written, empty where there is none."""
        return text(self.spec.get("image"))

    def commands(self) -> Iterator[list[tuple[str, str]]]:
        """Each command that runs in it, as words with their field paths: its own, its hooks' and its probes'."""
        yield [*self._words(self.spec, "command"), *self._words(self.spec, "args")]
        for path, runner in self._runners():
            yield [*self._words(mapping(mapping(runner).get("exec")), "command", f"{path}.exec.")]

    def _runners(self) -> list[tuple[str, object]]:
        """Hooks and probes that are there, with their paths."""
        hooks = mapping(self.spec.get("lifecycle"))
        found = [(f"lifecycle.{hook}", hooks[hook]) for hook in _HOOKS if hook in hooks]
        return found + [(probe, self.spec[probe]) for probe in _PROBES if probe in self.spec]

    def _words(self, holder: Json, key: str, prefix: str = "") -> Iterator[tuple[str, str]]:
        for index, word in enumerate(listing(holder.get(key))):
            if isinstance(word, str):
                yield f"{self.path}.{prefix}{key}[{index}]", word

    def written(self) -> list[object]:
        """The fields that say what runs in it, as JSON; all of `texts()` stands there."""
        get = self.spec.get
        run = [mapping(runner).get("exec") for _, runner in self._runners()]
        return [get("image"), get("command"), get("args"), get("env"), run]

    def texts(self) -> list[str]:
        """Every string that says what runs in it: image, commands, and the environment's names and values."""
        spec = self.spec
        found = [self.image, *listing(spec.get("command")), *listing(spec.get("args"))]
        for _, runner in self._runners():
            found += listing(mapping(mapping(runner).get("exec")).get("command"))
        for entry in listing(spec.get("env")):
            if isinstance(entry, dict):
                found += entry.get("name"), entry.get("value")
        return [one for one in found if isinstance(one, str)]

    def environment(self) -> Iterator[tuple[str, str, str]]:
        """Each environment variable that has a literal value, as (field path, name, value)."""
        for index, entry in enumerate(listing(self.spec.get("env"))):
            variable = mapping(entry)
            yield f"{self.path}.env[{index}]", text(variable.get("name")), text(variable.get("value"))

    def added_capabilities(self) -> list[str]:
        """`securityContext.capabilities.add`, upper case and without the `CAP_` that some runtimes accept."""
        capabilities = mapping(mapping(self.spec.get("securityContext")).get("capabilities"))
        return [text(capability).upper().removeprefix("CAP_") for capability in listing(capabilities.get("add"))]


class PodTemplate(msgspec.Struct, frozen=True):
    """One pod template: `path` is the field path of its pod spec, `annotations` those of the template itself."""

    path: str
    annotations: Json
    annotations_path: str
    spec: Json
    containers: tuple[Container, ...]

    def image_volumes(self) -> Iterator[tuple[str, str]]:
        """The image of each volume that is one (KEP-4639), as (field path, reference)."""
        for index, volume in enumerate(listing(self.spec.get("volumes"))):
            image = mapping(mapping(volume).get("image"))
            if image:
                yield f"{self.path}.volumes[{index}].image.reference", text(image.get("reference"))


class Workload(msgspec.Struct, frozen=True):
    """What runs: the object's pod templates and how many Pods of each it asks for at a time (`replicas`).

    `replicas_path` is empty where the kind has no such field (a Pod, or a DaemonSet, which counts nodes).
    """

    templates: tuple[PodTemplate, ...]
    replicas: int
    replicas_path: str

    def containers(self) -> Iterator[Container]:
        """Every init, sidecar, regular and ephemeral container of every template."""
        for template in self.templates:
            yield from template.containers


NOTHING = Workload((), 0, "")


def workload(review: Review) -> Workload:
    """The pod templates of a review's object; `NOTHING` where there are none."""
    return _read(review, review.object)


def old_workload(review: Review) -> Workload:
    """The pod templates of the object as it was before an UPDATE."""
    return _read(review, review.old_object)


def _read(review: Review, manifest: Json) -> Workload:
    if review.subresource == "scale" or not manifest:
        return NOTHING
    known = KINDS.get((review.group, review.kind))
    if known is None:
        templates = tuple(_search(manifest))
        replicas_keys: tuple[str, ...] = ("spec", "replicas")
    else:
        template_keys, replicas_keys = known
        holder = _descend(manifest, template_keys)
        templates = (_template(holder, ".".join(template_keys)),) if mapping(holder.get("spec")) else ()
    if not templates:
        return NOTHING
    replicas = count(_descend(manifest, replicas_keys[:-1]).get(replicas_keys[-1]), 1) if replicas_keys else 1
    return Workload(templates, max(replicas, 0), ".".join(replicas_keys))


def _descend(value: Json, keys: tuple[str, ...]) -> Json:
    for key in keys:
        value = mapping(value.get(key))
    return value


def _template(holder: Json, path: str) -> PodTemplate:
    prefix = f"{path}." if path else ""
    spec = mapping(holder.get("spec"))
    return PodTemplate(
        path=f"{prefix}spec",
        annotations=mapping(mapping(holder.get("metadata")).get("annotations")),
        annotations_path=f"{prefix}metadata.annotations",
        spec=spec,
        containers=tuple(_containers(spec, f"{prefix}spec")),
    )


def _containers(spec: Json, path: str) -> Iterator[Container]:
    for key, kind in _LISTS:
        for index, entry in enumerate(listing(spec.get(key))):
            if isinstance(entry, dict):
                sidecar = kind == "init" and entry.get("restartPolicy") == "Always"
                yield Container(
                    "sidecar" if sidecar else kind, f"{path}.{key}[{index}]", text(entry.get("name")), entry
                )


def _search(manifest: Json) -> Iterator[PodTemplate]:
    """Every pod template in an object of an unknown kind: a mapping with a `containers` list that names images.

    What is below a key `spec` belongs to a template with its metadata beside it; below any other name it stands alone.
    """
    visits = 0
    pending: list[tuple[Json | list[object], str, int, Holder | None]] = [(manifest, "", 0, None)]
    while pending and visits < _VISITS:
        value, path, depth, holder = pending.pop()
        visits += 1
        if isinstance(value, dict) and _is_pod_spec(value):
            if holder:
                yield _template(*holder)
            else:
                yield PodTemplate(path, {}, f"{path}.metadata.annotations", value, tuple(_containers(value, path)))
        if depth < _DEPTH:
            pending.extend(
                (child, name, depth + 1, below)
                for child, name, below in _children(value, path)
                if isinstance(child, (dict, list)) and name not in {"metadata", "status"}
            )


def _is_pod_spec(value: Json) -> bool:
    return any(
        isinstance(entry, dict) and isinstance(entry.get("image"), str)
        for key, _ in _LISTS
        for entry in listing(value.get(key))
    )


def _children(value: Json | list[object], path: str) -> Iterator[tuple[object, str, Holder | None]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield child, f"{path}.{key}" if path else str(key), (value, path) if key == "spec" else None
    else:
        for index, child in enumerate(value):
            yield child, f"{path}[{index}]", None
