"""A listed party is found in spite of how a name is written, and the answer is kept."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aup.api.screening_list import ListedParty, ScreeningList, ScreeningListSpec
from aup.api.tenant import Contacts, TenantSpec
from aup.screening import CERTAIN, NO_SCREENING, Match, Screening, normal, prepared

words = st.from_regex(r"[a-z]{5,10}", fullmatch=True)


def listing(*parties: ListedParty, countries: list[str] | None = None) -> Screening:
    """A list of parties."""
    published = datetime(2025, 12, 1, tzinfo=UTC)
    spec = ScreeningListSpec(source="EU", published_at=published, parties=[*parties], countries=countries or [])
    return prepared([ScreeningList(spec=spec)])


def party(name: str, *countries: str) -> ListedParty:
    """A listed organisation."""
    return ListedParty(name=name, reference="EU.1.1", countries=[*countries])


def customer(name: str, *parties: str) -> TenantSpec:
    """A customer in Denmark."""
    return TenantSpec(
        account_id="1", legal_name=name, country="DK", contacts=Contacts(abuse="a@acme.example"), parties=[*parties]
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Trading LLC", "ACME TRADING"),
        ("Acme Trading S.A.", "Trading, Acme (Ltd.)"),
        ("Société Générale", "SOCIETE GENERALE SA"),
        ("Skibs A/S Ørsted", "Orsted Skibs ApS"),
        ("Müller & Söhne GmbH & Co. KG", "Muller Sohne"),
        ("O'Neill", "ONEILL"),
        ("Аэрофлот ПАО", "ПАО АЭРОФЛОТ"),
        ("\uff21\uff23\uff2d\uff25\u200b Trading", "acme trading"),
    ],
)
def test_names_that_are_one_are_equal(one: str, other: str) -> None:
    """Whatever the case, accents, order, punctuation and legal form."""
    assert normal(one) == normal(other)


def test_a_name_of_legal_forms_alone_is_kept() -> None:
    """Nothing would be left of it to compare."""
    assert normal("The Limited Company") == "company limited the"


@given(st.lists(words, min_size=2, max_size=4, unique=True), st.data())
def test_one_slip_in_a_name_hides_nothing(name: list[str], data: st.DataObject) -> None:
    """A letter left out somewhere in a name is told, and the words may stand in any order."""
    index = data.draw(st.integers(0, len(name) - 1))
    at = data.draw(st.integers(0, len(name[index]) - 1))
    slipped = [*name]
    slipped[index] = name[index][:at] + name[index][at + 1 :]

    (match,) = listing(party(" ".join(name))).matches(customer(" ".join(data.draw(st.permutations(slipped)))))

    assert match.score >= 85


@given(words, words, words, words)
def test_other_names_are_let_go(one: str, two: str, three: str, four: str) -> None:
    """Half of a name is not the name."""
    if {one, two}.isdisjoint({three, four}):
        found = listing(party(f"{one} {two}")).matches(customer(f"{three} {four}"))
        assert all(match.score >= 85 for match in found)


def test_a_namesake_of_another_country_counts_less() -> None:
    """For the customer's own name; where its owners come from is not known."""
    screening = listing(party("Vorthern Kelmarri", "IR"))

    def certain(spec: TenantSpec) -> list[bool]:
        return [match.certain for match in screening.matches(spec)]

    assert certain(customer("Vorthern Kelmarri ApS")) == [False]
    assert certain(customer("Vorthen Kelmarr ApS")) == []
    assert certain(customer("Hansen ApS", "Vorthern Kelmarri")) == [True]
    assert [
        match.certain
        for match in listing(party("Vorthern Kelmarri", "IR", "DK")).matches(customer("Vorthern Kelmarri"))
    ] == [True]


def test_a_country_under_embargo() -> None:
    """By the customer's country."""
    assert listing(countries=["DK"]).matches(customer("Acme")) == (
        Match("DK", "DK", 100, "EU", certain=True, where="country"),
    )


def test_the_answer_is_kept_for_a_customer() -> None:
    """The second request costs a look-up."""
    screening = listing(party("Acme"))

    assert screening.matches(customer("Acme ApS")) is screening.matches(customer("Acme ApS"))


def test_no_list_is_nothing() -> None:
    """Neither is one without parties and countries."""
    assert not NO_SCREENING
    assert listing() is NO_SCREENING
    assert CERTAIN > 85


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_no_name_breaks_it(one: str, other: str) -> None:
    """Whatever a feed and a customer write."""
    listing(party(one)).matches(customer(other, one, other))


def test_the_library_is_loaded_only_where_there_is_a_list() -> None:
    """It takes longer than `aup check` does for a file."""
    code = "import sys; from aup.facts import gathered; gathered(); print('rapidfuzz' in sys.modules)"

    ran = subprocess.run([sys.executable, "-Ic", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "False\n"
