"""Make a CustomResourceDefinition from each kind of `aup.api`."""

from typing import Any

import msgspec

from aup.api.meta import GROUP, VERSION, Kind

Schema = dict[str, Any]


def crd(kind: Kind) -> Schema:
    """The CustomResourceDefinition of one kind, as a JSON object."""
    _, types = msgspec.json.schema_components([kind.spec, kind.status])
    spec = _structural({"$ref": f"#/$defs/{kind.spec.__name__}"}, types)
    if kind.validations:
        spec["x-kubernetes-validations"] = [
            {"rule": validation.rule, "message": validation.message} for validation in kind.validations
        ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
                "shortNames": list(kind.short_names),
                "categories": ["aup"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(column) for column in kind.columns],
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "description": kind.model.__doc__,
                            "required": ["spec"],
                            "properties": {
                                "apiVersion": {"type": "string"},
                                "kind": {"type": "string"},
                                "metadata": {"type": "object"},
                                "spec": spec,
                                "status": _structural({"$ref": f"#/$defs/{kind.status.__name__}"}, types),
                            },
                        }
                    },
                }
            ],
        },
    }


def _column(column: Any) -> Schema:
    written = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return written | {"priority": column.priority} if column.priority else written


def _structural(schema: Schema, types: dict[str, Schema]) -> Schema:
    """JSON Schema as msgspec writes it, as the structural schema that Kubernetes wants.

    References are inlined, `null` alternatives and defaults that mean "absent" dropped, enums given their type.
    """
    if "$ref" in schema:
        own = {key: value for key, value in schema.items() if key != "$ref"}
        return _structural(types[schema["$ref"].rpartition("/")[2]] | own, types)
    alternatives = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(alternatives) == 1:
        own = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
        return _structural(alternatives[0] | own, types)
    made = {key: value for key, value in schema.items() if key != "title"}
    if not made.get("default"):
        made.pop("default", None)
    if not made.get("required"):
        made.pop("required", None)
    if "enum" in made:
        made["type"] = "string"
    if "properties" in made:
        made["properties"] = {name: _structural(child, types) for name, child in made["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _structural(made[key], types)
    return made
