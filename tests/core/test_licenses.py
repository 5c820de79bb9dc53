"""Known software and licence expressions: the tables hold what they promise, and a cluster without facts denies."""

import msgspec
import pytest
from packaging.licenses import _spdx, canonicalize_license_expression

from aup.cases import Case
from aup.engine import decide
from aup.image import parse
from aup.licenses.expressions import read, replaced_by
from aup.licenses.known import Software, of_image, table

SOFTWARE = [pytest.param(one, id=one.name) for one in table()]


def test_every_deprecated_id_has_a_successor() -> None:
    """The table has the ids that the SPDX list marks as deprecated, no more and no fewer; those with `+` follow."""
    listed = [*_spdx.LICENSES.values(), *_spdx.EXCEPTIONS.values()]

    assert replaced_by().keys() == {one["id"] for one in listed if one["deprecated"] and not one["id"].endswith("+")}


@pytest.mark.parametrize("software", SOFTWARE)
def test_known_software_is_well_formed(software: Software) -> None:
    """Repositories are in normal form, licences are current ids, versions ascend, and it says something."""
    for repository in (*software.repositories, *software.but):
        one = repository.replace("/*", "/any")
        image = parse(one)
        assert f"{image.domain}/{image.path}" == one
        assert image.valid
    for terms in software.terms:
        assert [canonicalize_license_expression(one) for one in terms.any_of] == terms.any_of
        assert replaced_by().keys().isdisjoint(terms.any_of)
    for terms in software.terms[1:]:
        assert terms in software.terms_of(terms.since)
        assert software.terms[0] not in software.terms_of(terms.since)
    assert software.terms or software.entitlement
    assert not (software.free and software.paid)
    assert bool(software.variable) == bool(software.free or software.paid)


def test_software_is_found_by_its_makers_repository_alone() -> None:
    """Every spelling of the repository counts, and no mirror does."""
    for spelling in ("redis", "library/redis:7", "index.docker.io/library/redis", "registry-1.docker.io/library/redis"):
        found = of_image(spelling)
        assert found is not None
        assert found.software.name == "Redis"
    assert of_image("quay.io/library/redis") is None
    assert of_image("registry.redhat.io/ubi9-fake/image") is not None


@pytest.mark.parametrize("nested", [100, 199, 240])
def test_deep_expressions_are_answered(nested: int) -> None:
    """However deep the parentheses are, there is an answer and no crash."""
    read("(" * nested + "MIT" + ")" * nested)


def test_on_a_cluster_without_any_entitlement_commercial_software_is_denied() -> None:
    """Where the facts are a cluster's own, what is missing is missing there."""
    case = Case(case="", pod={"containers": [{"name": "web", "image": "registry.redhat.io/rhel9/postgresql-16"}]})
    modes = [
        [one.mode for one in decide(case.review(), facts, case.now).findings if one.rule == "AUP3201"]
        for facts in (case.known(), msgspec.structs.replace(case.known(), complete=True))
    ]

    assert modes == [["warn"], ["deny"]]
