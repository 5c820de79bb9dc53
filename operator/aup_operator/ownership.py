"""Whether the controller of one object really looks after another: an owner reference alone is a claim."""

from collections.abc import Mapping

from aup.review import Json, listing, mapping, text
from aup_operator.drivers.pod import controller


def looked_after(item: Json, owners: dict[str, Json]) -> bool:
    """Whether one of the owners (by UID) is the item's controller and selects it.

    A controller lets go of what its selector does not match, so a forged reference hides nothing.
    """
    owner = owners.get(str(controller(item).get("uid", "")))
    selector = mapping(mapping(mapping(owner).get("spec")).get("selector"))
    return selects(selector, mapping(item["metadata"].get("labels")))


def selects(selector: Json, labels: Mapping[str, str]) -> bool:
    """Whether the selector of an object's spec matches labels; an empty one matches none."""
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        selector = {"matchLabels": selector}  # a ReplicationController's is the labels themselves
    wanted, expressions = mapping(selector.get("matchLabels")), listing(selector.get("matchExpressions"))
    return (
        bool(wanted or expressions)
        and all(labels.get(key) == value for key, value in wanted.items())
        and all(_holds(mapping(expression), labels) for expression in expressions)
    )


def _holds(expression: Json, labels: Mapping[str, str]) -> bool:
    key, values = text(expression.get("key")), listing(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
