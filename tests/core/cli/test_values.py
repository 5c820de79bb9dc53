"""Values and places of YAML that is allowed and seldom: anchors, merge keys, tags, keys that are no text."""

import pytest

from aup.cli.values import UnreadableError, values

VALUES: dict[str, object] = {
    "a: ! yes": {"a": True},
    "a: ! [x]": {"a": ["x"]},
    "a: !!str 010": {"a": "010"},
    "a: !!map {b: !!seq [1]}": {"a": {"b": [1]}},
    "a: &x 010\nb: *x": {"a": 8, "b": 8},
    "&x a: 1\nb: *x": {"a": 1, "b": "a"},
    "a: &x b\n*x : 1": {"a": "b", "b": 1},
    "a: &x 1\nb: &x 2\nc: *x": {"a": 1, "b": 2, "c": 2},
    "yes: 1\n010: 2\n1.5: 3": {"true": 1, "8": 2, "1.5": 3},
    "\"yes\": 1\n'010': 2": {"yes": 1, "010": 2},
    "a: &x {p: 1, q: 1}\nb: &y {q: 2, r: 2}\nc: {<<: [*x, *y], r: 3}": {
        "a": {"p": 1, "q": 1},
        "b": {"q": 2, "r": 2},
        "c": {"r": 3, "p": 1, "q": 1},
    },
    "a: &x {p: 1}\nc: {<<: *x, <<: {q: 2}, p: 3}": {"a": {"p": 1}, "c": {"p": 3, "q": 2}},
    '"<<": {a: 1}': {"<<": {"a": 1}},
    "!!str <<: {a: 1}": {"<<": {"a": 1}},
    "- <<": ["<<"],
    "just text": "just text",
    "--- # nothing": None,
}


@pytest.mark.parametrize("text", VALUES)
def test_what_is_seldom_is_read_to_the_letter(text: str) -> None:
    """One document, one value."""
    ((value, _),) = values(text)

    assert value == VALUES[text]


def test_a_text_without_documents_has_no_values() -> None:
    """Comments alone are none, and an empty document is one."""
    assert list(values("")) == []
    assert list(values("# nothing")) == []
    assert list(values("---\n---\n")) == [(None, (4, None)), (None, (8, None))]


def test_places_are_those_of_keys_and_items() -> None:
    """An alias stands where it is written, and what it names where that is; a merged key where it was first."""
    text = "a: &x {p: 1}\nb: [*x, 2]\nc:\n  <<: *x\n"

    ((_, place),) = values(text)

    x = {"p": (7, None)}
    assert place == (0, {"a": (0, x), "b": (13, [(17, x), (21, None)]), "c": (24, {"p": (7, None)})})


@pytest.mark.parametrize(
    ("text", "at", "problem"),
    [
        ("a: &x b\n*x : 1\nb: 2", 15, "the key 'b' stands twice in the same mapping; remove one"),
        ("yes: 1\ntrue: 2", 7, "the key 'true' stands twice in the same mapping; remove one"),
        ("a: &x [1]\n*x : 1", 10, "an empty key, a mapping or a list as a key; a key is text"),
        ("? !x [a]\n: b", 2, "the tag !x has no meaning in a Kubernetes object; write the value itself"),
        ("a: !!seq {b: 1}", 3, "the tag !!seq has no meaning in a Kubernetes object; write the value itself"),
        ("a: {<<: [{b: 1}, c]}", 8, "a merge key (<<) takes a mapping or a list of mappings"),
    ],
)
def test_what_no_object_can_hold_is_refused(text: str, at: int, problem: str) -> None:
    """With the place of the character that it is at."""
    with pytest.raises(UnreadableError) as refused:
        list(values(text))

    assert (refused.value.at, refused.value.problem) == (at, problem)
