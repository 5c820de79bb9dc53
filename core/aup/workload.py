"""The pod templates inside any object, and the one iterator over their containers.

Known kinds are looked up in a table; any other object is searched for pod specs, so a custom resource that embeds a
pod template is judged like a Deployment. The search is bounded in depth and in values visited.
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import structs

from aup.review import Json, Review, annotations_of, count, listing, mapping, text

ContainerKind = Literal["init", "sidecar", "regular", "ephemeral"]

_LISTS: tuple[tuple[str, ContainerKind], ...] = (
    ("initContainers", "init"),
    ("containers", "regular"),
    ("ephemeralContainers", "ephemeral"),
)
# Where kinds of others keep containers beside those: Tekton's steps, Argo's templates, and what charts call them.
_MORE_LISTS: tuple[tuple[str, ContainerKind], ...] = (
    ("steps", "regular"),
    ("sidecars", "sidecar"),
    ("sidecarContainers", "sidecar"),
    ("extraContainers", "regular"),
    ("additionalContainers", "regular"),
    ("extraInitContainers", "init"),
)
_SINGLE = ("container", "script", "stepTemplate")
_HOLDING = frozenset([*(key for key, _ in (*_LISTS, *_MORE_LISTS)), *_SINGLE])
_RUNNING = frozenset(["args", "command", "env", "resources", "script", "source"])
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
_SAYING = ("image", "command", "args", "env")
SAYING = (*_SAYING, "lifecycle", *_PROBES)
"""Fields of a container that name what runs in it and what it reaches."""

HEAD = 4
"""Letters by which variables of the environment and annotations are looked up before the whole name is compared."""

_SCRIPTS = ("script", "source")
_RUNNERS, _WITH_SCRIPT = frozenset({"lifecycle", *_PROBES}), frozenset(_SCRIPTS)
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
        for path, action in self._executed():
            yield [*self._words(action, "command", f"{path}.")]

    def scripts(self) -> Iterator[tuple[str, str]]:
        """Each script that it runs as a file, with its field path: `script` of Tekton's steps, `source` of Argo's."""
        for field in _SCRIPTS:
            if isinstance(self.spec.get(field), str):
                yield f"{self.path}.{field}", self.spec[field]

    def _executed(self) -> list[tuple[str, Json]]:
        """What hooks and probes execute, with its path."""
        spec = self.spec
        found = []
        if "lifecycle" in spec:
            hooks = mapping(spec["lifecycle"])
            found = [(f"lifecycle.{hook}.exec", hooks[hook]["exec"]) for hook in _HOOKS if _executes(hooks.get(hook))]
        for probe in _PROBES:
            if probe in spec and _executes(spec[probe]):
                found.append((f"{probe}.exec", spec[probe]["exec"]))
        return [(path, mapping(action)) for path, action in found] if found else []

    def _words(self, holder: Json, key: str, prefix: str = "") -> Iterator[tuple[str, str]]:
        for index, word in enumerate(listing(holder.get(key))):
            if isinstance(word, str):
                yield f"{self.path}.{prefix}{key}[{index}]", word

    def written(self) -> list[object]:
        """The fields that say what runs in it, as JSON; all of `texts()` stands there."""
        spec = self.spec
        found = [spec[field] for field in _SAYING if field in spec]
        if not _RUNNERS.isdisjoint(spec):
            found += [action for _, action in self._executed()]
        if not _WITH_SCRIPT.isdisjoint(spec):
            found += [script for _, script in self.scripts()]
        return found

    def texts(self) -> list[str]:
        """Every string that says what runs in it: image, commands, and the environment's names and values."""
        spec = self.spec
        found = [self.image, *listing(spec.get("command")), *listing(spec.get("args"))]
        for _, action in self._executed():
            found += listing(action.get("command"))
        found += [script for _, script in self.scripts()]
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
        security = self.spec.get("securityContext")
        if not isinstance(security, dict) or "capabilities" not in security:
            return []
        added = listing(mapping(security["capabilities"]).get("add"))
        return [text(capability).upper().removeprefix("CAP_") for capability in added]


def _executes(runner: object) -> bool:
    """Whether a hook or a probe runs a command."""
    return isinstance(runner, dict) and "exec" in runner


class PodTemplate(msgspec.Struct, frozen=True):
    """One pod template: `path` is the field path of its pod spec, `annotations` those of the template itself."""

    path: str
    annotations: Json
    annotations_path: str
    spec: Json
    containers: tuple[Container, ...]

    def image_volumes(self) -> list[tuple[str, str]]:
        """The image of each volume that is one (KEP-4639), as (field path, reference)."""
        found = []
        for index, volume in enumerate(listing(self.spec.get("volumes"))):
            image = mapping(volume["image"]) if isinstance(volume, dict) and "image" in volume else None
            if image:
                found.append((f"{self.path}.volumes[{index}].image.reference", text(image.get("reference"))))
        return found


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
        templates = (_template(holder, ".".join(template_keys)),) if isinstance(holder.get("spec"), dict) else ()
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
        annotations=annotations_of(holder),
        annotations_path=f"{prefix}metadata.annotations",
        spec=spec,
        containers=_containers(spec, f"{prefix}spec"),
    )


def _containers(spec: Json, path: str) -> tuple[Container, ...]:
    found = []
    for key, kind in _LISTS:
        if key in spec:
            for index, entry in enumerate(listing(spec[key])):
                if isinstance(entry, dict):
                    sidecar = kind == "init" and entry.get("restartPolicy") == "Always"
                    name = text(entry.get("name"))
                    found.append(Container("sidecar" if sidecar else kind, f"{path}.{key}[{index}]", name, entry))
    return tuple(found)


def _search(manifest: Json) -> Iterator[PodTemplate]:
    """Every pod template in an object of an unknown kind: a mapping that holds containers, which name images.

    What is below a key `spec` belongs to a template with its metadata beside it; below any other name it stands alone.
    """
    visits = 0
    pending: list[_Place] = [_Place(manifest, None, "", 0)]
    while pending and visits < _VISITS:
        place = pending.pop()
        visits += 1
        value = place.value
        if isinstance(value, dict) and _is_pod_spec(value):
            yield _found(place, value)
        if place.depth < _DEPTH:
            for key, child in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(child, (dict, list)) and (place.depth or key not in {"metadata", "status"}):
                    pending.append(_Place(child, place, key, place.depth + 1))


class _Place(msgspec.Struct, frozen=True):
    """A value under search, and the one that holds it; its path is put together only where something is found."""

    value: Json | list[Any]
    holder: "_Place | None"
    key: str | int
    depth: int

    def path(self) -> str:
        if self.holder is None:
            return ""
        above = self.holder.path()
        if isinstance(self.key, int):
            return f"{above}[{self.key}]"
        return f"{above}.{self.key}" if above else self.key


def _found(place: _Place, spec: Json) -> PodTemplate:
    if place.key == "spec" and place.holder and isinstance(place.holder.value, dict):
        template = _template(place.holder.value, place.holder.path())
    else:
        path = place.path()
        annotations = annotations_of(spec)  # those of an Argo template
        template = PodTemplate(path, annotations, f"{path}.metadata.annotations", spec, _containers(spec, path))
    more = tuple(_more_containers(spec, template.path))
    return structs.replace(template, containers=template.containers + more) if more else template


def _more_containers(spec: Json, path: str) -> Iterator[Container]:
    """Containers under names that no built-in kind has."""
    for key, kind in _MORE_LISTS:
        for index, entry in enumerate(listing(spec.get(key))):
            if isinstance(entry, dict) and (_runs(entry) or isinstance(entry.get("script"), str)):
                yield Container(kind, f"{path}.{key}[{index}]", text(entry.get("name")), entry)
    for key in _SINGLE:
        entry = mapping(spec.get(key))
        if _runs(entry):
            yield Container("regular", f"{path}.{key}", text(entry.get("name")), entry)


def _runs(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("image"), str) and not _RUNNING.isdisjoint(value)


def _is_pod_spec(value: Json) -> bool:
    if _HOLDING.isdisjoint(value):
        return False
    if any(
        key in value
        and any(isinstance(entry, dict) and isinstance(entry.get("image"), str) for entry in listing(value[key]))
        for key, _ in _LISTS
    ):
        return True
    return any(_runs(value.get(key)) for key in _SINGLE) or any(
        _runs(entry) for key, _ in _MORE_LISTS for entry in listing(value.get(key))
    )
