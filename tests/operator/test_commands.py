"""What the commands take: dates, durations, objects, and the statement of reasons."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest

from aup.api.suspension import WorkloadReference
from aup_operator.commands import cluster, reasons
from aup_operator.commands.following import Progress
from aup_operator.commands.objects import reference
from aup_operator.commands.times import duration, instant, span
from aup_operator.kube import KubeError


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("2026-12-01T09:00:00Z", datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ("2026-12-01T09:00:00+01:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-12-01T09:00:00.5Z", datetime(2026, 12, 1, 9, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_dates_are_taken_with_their_zone(given: str, at: datetime) -> None:
    """And kept in UTC."""
    assert instant(given) == at


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("2026-12-01", "'2026-12-01' has no time of day; write it as 2026-12-01T00:00:00Z"),
        ("2026-12-01T09:00:00", "'2026-12-01T09:00:00' has no time zone; add Z for UTC, or an offset such as +01:00"),
        ("2026-02-30T09:00:00Z", "'2026-02-30T09:00:00Z' is no RFC 3339 time; write it as 2026-12-01T09:00:00Z"),
        ("tomorrow", "'tomorrow' is no RFC 3339 time; write it as 2026-12-01T09:00:00Z"),
        ("1764579600", "'1764579600' is no RFC 3339 time; write it as 2026-12-01T09:00:00Z"),
    ],
)
def test_other_dates_are_refused_with_how_to_write_them(given: str, problem: str) -> None:
    """Nobody is suspended an hour early for want of a time zone."""
    with pytest.raises(click.BadParameter) as raised:
        instant(given)

    assert raised.value.message == problem


@pytest.mark.parametrize(
    ("given", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(days=1)),
        ("3d", timedelta(days=3)),
        ("2w", timedelta(days=14)),
        ("1d12h", timedelta(hours=36)),
    ],
)
def test_durations(given: str, length: timedelta) -> None:
    """Whole numbers with their units."""
    assert duration(given) == length


@pytest.mark.parametrize("given", ["", "3", "3 days", "h", "-1h", "1.5h", "0h", "9999w", "3s", "PT24H"])
def test_other_durations_are_refused(given: str) -> None:
    """With how to write them, or the bounds."""
    with pytest.raises(click.BadParameter, match=r"write it as 24h, 3d or 1d12h|is not between 1m and 10 years"):
        duration(given)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 min"), (59, "0 min"), (119 * 60, "119 min"), (120 * 60, "2 h"), (47 * 3600, "47 h"), (48 * 3600, "2 d")],
)
def test_how_long_is_left(seconds: int, text: str) -> None:
    """In the largest unit that is not coarse; the same for what is overdue."""
    assert span(timedelta(seconds=seconds)) == span(timedelta(seconds=-seconds)) == text


DEPLOYMENT = ("apps", "Deployment")
ROLLOUT = ("argoproj.io", "Rollout")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("Deployment", DEPLOYMENT),
        ("deployment", DEPLOYMENT),
        ("deployments", DEPLOYMENT),
        ("deploy", DEPLOYMENT),
        ("deployments.apps", DEPLOYMENT),
        ("deploy.apps", DEPLOYMENT),
        ("apps.Deployment", DEPLOYMENT),
        ("Pod", ("", "Pod")),
        ("cj", ("batch", "CronJob")),
        ("rc", ("", "ReplicationController")),
        ("so", ("keda.sh", "ScaledObject")),
        ("Rollout", ROLLOUT),
        ("rollouts.argoproj.io", ROLLOUT),
        ("argoproj.io.Rollout", ROLLOUT),
        ("Widget.shop.example.com", ("shop.example.com", "Widget")),
        ("shop.example.com.Widget", ("shop.example.com", "Widget")),
        ("cm", ("", "ConfigMap")),
        ("Ingress", ("networking.k8s.io", "Ingress")),
    ],
)
def test_kinds_are_written_as_kubectl_takes_them(written: str, kind: tuple[str, str]) -> None:
    """Kind, plural or short name, with the group before or behind it where that is needed."""
    group, name = kind
    assert reference(f"shop/{written}/web") == WorkloadReference(
        api_group=group, kind=name, namespace="shop", name="web"
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("web", "'web' is not namespace/kind/name; write it as shop/Deployment/web"),
        ("shop/Deployment", "'shop/Deployment' is not namespace/kind/name; write it as shop/Deployment/web"),
        ("shop//web", "'shop//web' is not namespace/kind/name; write it as shop/Deployment/web"),
        ("shop/a/b/c", "'shop/a/b/c' is not namespace/kind/name; write it as shop/Deployment/web"),
        ("shop/Widget/a", "'Widget' is no kind that aup knows; write it as Kind.group: Rollout.argoproj.io"),
        (
            "shop/widgets.x.io/a",
            "'widgets.x.io' is no kind that aup knows; write it as Kind.group: Rollout.argoproj.io",
        ),
    ],
)
def test_other_references_are_refused(given: str, problem: str) -> None:
    """A slip must not select nothing."""
    with pytest.raises(click.BadParameter) as raised:
        reference(given)

    assert raised.value.message == problem


def made(file: Path | None = None, *, partial: bool = False, **options: Any) -> dict[str, Any]:
    """A statement from a file and options."""
    return reasons.statement(file, partial=partial, options=options)


def test_options_replace_what_a_file_says(tmp_path: Path) -> None:
    """What is not given is left as it was prepared."""
    file = tmp_path / "reasons.yaml"
    file.write_text(
        "facts: prepared\nexplanation: why\ndecision:\n  until: 2026-12-01T00:00:00Z\n  liftConditions: prove it\n"
    )

    assert made(file, facts="said", explanation=None, decision={"until": "2027-01-01T00:00:00Z"}) == {
        "facts": "said",
        "explanation": "why",
        "decision": {"until": "2027-01-01T00:00:00Z", "liftConditions": "prove it"},
    }


def test_a_selection_is_a_partial_suspension_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    """In the words of the DSA."""
    file = tmp_path / "reasons.yaml"
    file.write_text("facts: f\ndecision: {type: disabling}\n")

    assert made(partial=True, facts="f") == {"facts": "f", "decision": {"type": "partialSuspension"}}
    assert made(file, partial=True)["decision"] == {"type": "disabling"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Missing option '--facts', or 'facts' in the file of '--statement-file'."),
        ("facts: ''", "{file}: Expected `str` of length >= 1 - at `$.facts`"),
        ("facts: f\nsource: gossip", "{file}: Invalid enum value 'gossip' - at `$.source`"),
        ("facts: f\ndecision: total", "{file}: decision is no mapping"),
        ("- facts: f", "{file}: write the fields of statementOfReasons, such as 'facts: …'"),
    ],
)
def test_a_file_that_is_no_statement_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    """With the file and the field."""
    file = tmp_path / "reasons.yaml"
    file.write_text(text or "{}")

    with pytest.raises(click.UsageError) as raised:
        made(file)

    assert raised.value.message == problem.format(file=file)


def test_evidence_is_text_or_a_hash() -> None:
    """Parts are set apart by bars; a text may have some itself."""
    digest = "0" * 64

    assert reasons.evidence(("Pod a/b", "Pod a/b | spec.x", "Pod a/b | spec.x | cat | sh", f"Pod a/b|f|{digest}")) == [
        {"object": "Pod a/b"},
        {"object": "Pod a/b", "fieldPath": "spec.x"},
        {"object": "Pod a/b", "fieldPath": "spec.x", "text": "cat | sh"},
        {"object": "Pod a/b", "fieldPath": "f", "sha256": digest},
    ]
    with pytest.raises(click.UsageError, match="write it as OBJECT"):
        reasons.evidence(("Pod a/b | ",))


def test_progress_has_a_line_for_each_new_state(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the output is no terminal; the same state is told once."""
    progress = Progress()
    for line in ("one", "one", "two"):
        progress.tell(line)
    progress.end()

    assert capsys.readouterr().out == "one\ntwo\n"


def test_progress_is_one_line_rewritten_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut to the terminal's width meanwhile, whole at the end."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "10")
    progress = Progress()
    for line in ("one", "one", "longer than that"):
        progress.tell(line)
    progress.end()

    assert capsys.readouterr().out == "\r\x1b[Kone\r\x1b[Klonger t…\r\x1b[Klonger than that\n"


class Busy:
    """An API server whose suspension changes as often as it is patched: `generation` with its spec, or not."""

    def __init__(self, times: int, *, spec_too: bool) -> None:
        self.version, self.generation = 0, 1
        self.times, self.spec_too = times, spec_too
        self.patched: list[dict[str, Any]] = []

    def get(self, _: str) -> dict[str, Any]:
        """The suspension as it is now."""
        reasons = {"facts": "f"}
        return {
            "metadata": {"name": "a", "resourceVersion": str(self.version), "generation": self.generation},
            "spec": {"tenant": "t", "clauses": ["1.6"], "orderedBy": "o", "statementOfReasons": reasons},
        }

    def request(self, _: str, __: str, body: dict[str, Any], ___: str, **____: str) -> None:
        """Refuse a patch of a version that is gone."""
        if self.times:
            self.times -= 1
            self.version += 1
            self.generation += self.spec_too
        if body["metadata"]["resourceVersion"] != str(self.version):
            raise KubeError(409, "the object has been modified")
        self.patched.append(body["spec"])


def test_a_status_that_is_written_meanwhile_stops_no_order() -> None:
    """The operator may write it several times a second."""
    server: Any = Busy(3, spec_too=False)

    cluster.change(server, cluster.suspension(server, "a"), {"approvedBy": "erik"})

    assert server.patched == [{"approvedBy": "erik"}]


def test_an_order_that_is_changed_meanwhile_is_looked_at_again() -> None:
    """Nobody confirms what they have not read."""
    server: Any = Busy(1, spec_too=True)

    with pytest.raises(click.ClickException) as raised:
        cluster.change(server, cluster.suspension(server, "a"), {"removal": {"confirmedBy": "erik"}})

    assert raised.value.message == "suspension a was changed meanwhile; look at it and try again: aup status"
    assert server.patched == []
