"""What the tenant is told: every field of Article 17(3), whole where it fits, and a Notice for each later decision."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from aup.api.meta import API_VERSION
from aup.api.suspension import Suspension
from aup.facts import default_policy
from aup.review import Json
from aup_operator import notices
from aup_operator.kube import KubeError
from aup_operator.namespaces import TenantNamespace
from aup_operator.statement import PolicyInForce, in_force, shortened

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLICY = PolicyInForce(
    provider="Asergo ApS",
    version="2026-05",
    url="https://asergo.example/aup",
    contact="abuse@asergo.example",
    appeal_days=14,
)
WEB = {"apiGroup": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"}
DB = {"apiGroup": "apps", "kind": "StatefulSet", "namespace": "shop", "name": "db"}
SHOP = TenantNamespace("shop", "uid", "acme", "")


def suspension(status: Json | None = None, reasons: Json | None = None, **spec: Any) -> Suspension:
    """A suspension of acme for its facts alone, with fields added."""
    return msgspec.convert(
        {
            "metadata": {"name": "acme-1", "uid": "01234567-89ab"},
            "spec": {
                "tenant": "acme",
                "clauses": ["1.6"],
                "orderedBy": "dora",
                "statementOfReasons": {"facts": "Deployment shop/web ran xmrig.", **(reasons or {})},
                **spec,
            },
            "status": status or {},
        },
        Suspension,
    )


def statement(reasons: Json | None = None, **spec: Any) -> str:
    """The statement of such a suspension."""
    return notices.render(suspension(None, reasons, **spec), POLICY, NOW)


def test_the_statement_in_its_own_words() -> None:
    """The whole text of the plainest suspension, as people read it."""
    assert statement().split("\n\n") == [
        "Asergo ApS has suspended the workloads of tenant acme from 2026-06-01 12:00 UTC. "
        "Decision: suspension of the whole service, in all countries.",
        "Duration: until Asergo ApS lifts it, which needs that the cause is removed and will not come back. "
        "Write to abuse@asergo.example when it is.",
        "Facts: Deployment shop/web ran xmrig.",
        "Source: the provider's own observation. This was found by a person and decided by a person.",
        "Contractual ground: clause 1.6 of the Acceptable Use Policy of Asergo ApS, version 2026-05, "
        "https://asergo.example/aup\n- 1.6 No use of resources that takes from others",
        "What it means: nothing runs, and nothing can be created, scaled up or resumed. Your data, Services and "
        "addresses are kept; you may delete and scale down. When the suspension is lifted, everything is put back "
        "as it was.",
        "If you think that this decision is wrong, you can have it reviewed. By Asergo ApS: write to "
        'abuse@asergo.example with the subject "Appeal acme-1". You can do so for as long as the decision stands. '
        "A person who did not order it decides within 14 days after your appeal is received, and tells you why. "
        "Out of court: you may turn to an out-of-court dispute settlement body, where one is competent; the "
        "certified ones are listed by the European Commission. By a court: you may take the matter to a court at "
        "any time.",
    ]


HASH = "a" * 64


@pytest.mark.parametrize(
    ("reasons", "spec", "text"),
    [
        ({}, {"workloads": [WEB]}, "has suspended one workload of tenant acme from 2026-06-01 12:00 UTC"),
        ({}, {"workloads": [WEB]}, "suspension of a part of the service"),
        ({}, {"workloads": [WEB, DB]}, "2 workloads of tenant acme"),
        ({}, {"workloads": [WEB, DB]}, "\n- Deployment shop/web\n- StatefulSet shop/db\n"),
        ({"decision": {"type": "removal"}}, {}, "Decision: removal of content"),
        ({"decision": {"territorialScope": ["DK", "SE"]}}, {}, "in DK, SE."),
        (
            {},
            {"effectiveAt": "2026-06-02T12:00:00Z"},
            "will suspend the workloads of tenant acme from 2026-06-02 12:00",
        ),
        (
            {},
            {"effectiveAt": "2026-06-01T12:00:00Z"},
            "has suspended the workloads of tenant acme from 2026-06-01 12:00",
        ),
        ({"decision": {"until": "2026-07-01T00:00:00Z"}}, {}, "Duration: until 2026-07-01 00:00 UTC."),
        (
            {"decision": {"liftConditions": "Prove the licence."}},
            {},
            "Duration: until these conditions are met: Prove the licence.",
        ),
        (
            {"decision": {"until": "2026-07-01T00:00:00Z", "liftConditions": "Prove it."}},
            {},
            "Duration: until 2026-07-01 00:00 UTC, or until these conditions are met before: Prove it.",
        ),
        (
            {"evidence": [{"object": "Pod shop/x", "fieldPath": "spec.image", "text": "evil\x1b[2J\n", "seenAt": NOW}]},
            {},
            'Evidence:\n- Pod shop/x, spec.image, "evil\\u001b[2J\\u000a", seen at 2026-06-01 12:00 UTC\n',
        ),
        ({"evidence": [{"object": "Secret shop/key", "sha256": HASH}]}, {}, f"- Secret shop/key, SHA-256 {HASH}\n"),
        ({"source": "article16Notice"}, {}, "Source: a notice under Article 16 of Regulation (EU) 2022/2065. This"),
        ({"source": "trustedFlagger", "notifier": "CERT"}, {}, "Article 22 of Regulation (EU) 2022/2065 by CERT. This"),
        ({"source": "otherNotification"}, {}, "Source: a notification by somebody else. This"),
        ({"automatedDetection": True}, {}, "found by a machine and decided by a person."),
        ({"automatedDecision": "fully"}, {}, "decided by a machine alone."),
        ({"automatedDecision": "partially"}, {}, "decided by a person with a machine's help."),
        ({"rulesUsed": [{"id": "AUP1601", "version": "0.1.0"}, {"id": "AUP1602"}]}, {}, "AUP1601 (0.1.0), AUP1602."),
        (
            {"illegal": {"legalGround": "Penal Code 263", "explanation": "Access without right."}},
            {},
            "Legal ground: it is also illegal under Penal Code 263. Why: Access without right.",
        ),
        ({"explanation": "It mines."}, {"clauses": ["1.2", "1.6"]}, "clauses 1.2, 1.6 of the Acceptable Use Policy"),
        ({"explanation": "It mines."}, {}, "Why this breaks it: It mines."),
        ({}, {"exposure": "Deny"}, "No traffic is let in or out of your namespaces"),
        (
            {"redress": {"internalComplaint": "https://a.example/appeal"}},
            {},
            "By Asergo ApS: https://a.example/appeal.",
        ),
        ({"redress": {"outOfCourt": "ODR Body"}}, {}, "Out of court: ODR Body."),
        ({"redress": {"judicial": "Copenhagen City Court"}}, {}, "By a court: Copenhagen City Court."),
    ],
)
def test_the_statement_has_every_field_of_article_17(reasons: Json, spec: Json, text: str) -> None:
    """Decision, scope, territory, duration, facts, evidence, source, automation, grounds, redress."""
    assert text in statement(reasons, **spec)


def test_a_notifier_is_named_only_where_given() -> None:
    """Recital 54: only where the tenant cannot answer without."""
    assert " by " not in statement({"source": "trustedFlagger"}).partition("Source:")[2].partition("This")[0]


def test_a_statement_that_is_too_long_keeps_what_matters() -> None:
    """Lists are shortened before the facts are, and how to have it reviewed is always there to its end."""
    evidence = [{"object": f"Pod shop/x{number}", "text": "t" * 5000} for number in range(50)]
    workloads = [
        {"kind": "Deployment", "namespace": "n" * 200, "name": f"{number}{'m' * 200}"} for number in range(100)
    ]

    text = statement({"facts": "fact " * 900, "evidence": evidence}, workloads=workloads)

    assert len(text) <= 20_000
    assert "Facts: " + "fact " * 900 in text
    assert "- and 80 more; ask for the whole list" in text
    assert "- and 30 more; ask for the whole list" in text
    assert text.endswith("you may take the matter to a court at any time.")


def test_nothing_that_the_schema_allows_is_too_long() -> None:
    """With every field at its limit."""
    line, long = "l" * 512, "word " * 1000
    text = statement(
        {
            "decision": {"territorialScope": ["DK"] * 250, "liftConditions": long, "until": NOW},
            "facts": long,
            "explanation": long,
            "evidence": [{"object": line, "fieldPath": line, "text": long, "sha256": HASH, "seenAt": NOW}] * 50,
            "notifier": line,
            "rulesUsed": [{"id": "AUP1601", "version": line}] * 50,
            "illegal": {"legalGround": "g" * 500, "explanation": "e " * 1000},
            "redress": {"internalComplaint": line, "outOfCourt": line, "judicial": line},
        },
        workloads=[{"kind": "k" * 253, "namespace": "n" * 253, "name": "m" * 253}] * 100,
        clauses=[f"{chapter}.{number}" for chapter in range(1, 6) for number in range(1, 6)],
    )

    assert len(text) <= 20_000
    assert "… (cut; " in text
    assert text.endswith(f"By a court: {line}.")


def test_text_is_cut_between_words_and_says_how_much() -> None:
    """Nobody takes a cut text for a whole one."""
    assert shortened("four " * 100, 100) == "four four four four four four four four … (cut; 461 more characters)"
    assert shortened("x" * 100, 100) == "x" * 100


def test_the_first_notice_shows_the_statement_as_it_was_issued() -> None:
    """What is stored in the Suspension, word for word, with the date, and how to answer and appeal."""
    one = suspension({"statement": "As issued."}, effectiveAt="2026-06-02T12:00:00Z")

    notice = notices.compose(one, "shop", POLICY, NOW)

    assert notice["metadata"] == {"name": "acme-1-01234567", "namespace": "shop"}
    spec = notice["spec"]
    assert spec["statement"] == "As issued."
    assert spec["subject"] == "Your workloads will be suspended under AUP 1.6"
    assert (spec["issuedAt"], spec["deadline"]) == ("2026-06-01T12:00:00Z", "2026-06-02T12:00:00Z")
    assert spec["howToAnswer"].startswith("Write to abuse@asergo.example, naming suspension acme-1: what caused it")
    assert "decides within 14 days" in spec["howToAppeal"]


@pytest.mark.parametrize(
    ("spec", "now", "subject", "deadline"),
    [
        ({}, NOW, "Your workloads are suspended under AUP 1.6", False),
        ({"workloads": [WEB]}, NOW, "A workload of yours is suspended under AUP 1.6", False),
        ({"workloads": [WEB, DB]}, NOW, "2 of your workloads are suspended under AUP 1.6", False),
        ({"effectiveAt": NOW}, NOW - timedelta(seconds=1), "Your workloads will be suspended under AUP 1.6", True),
        ({"effectiveAt": NOW}, NOW, "Your workloads are suspended under AUP 1.6", False),
    ],
)
def test_the_subject_says_what_and_whether_it_is_to_come(
    spec: Json, now: datetime, subject: str, deadline: bool
) -> None:
    """A deadline is told until its instant, then it is no deadline any more."""
    notice = notices.compose(suspension(**spec), "shop", POLICY, now)["spec"]

    assert (notice["subject"], "deadline" in notice) == (subject, deadline)


class Cluster:
    """Notices and Events as the API server keeps them; `full` refuses new notices, as a quota does."""

    def __init__(self) -> None:
        self.notices: dict[str, Json] = {}
        self.events: list[tuple[str, str]] = []
        self.full = False

    def list(self, path: str) -> list[Json]:
        """All notices."""
        assert path == f"/apis/{API_VERSION}/namespaces/shop/notices"
        return [*self.notices.values()]

    def create(self, path: str, body: Json) -> Json:
        """Keep a notice or an Event."""
        if path.endswith("/events"):
            self.events.append((body["reason"], body["note"]))
        elif self.full:
            raise KubeError(403, "exceeded quota: notices")
        else:
            self.notices[body["metadata"]["name"]] = body
        return body

    def patch(self, path: str, body: Json, _: str) -> Json:
        """Keep a notice's status."""
        notice = self.notices[path.split("/")[-2]]
        notice["status"] = body["status"]
        return notice

    def told(self) -> dict[str, str]:
        """Each notice's phase by its name without the suspension's."""
        return {
            name.removeprefix("acme-1-01234567"): one.get("status", {}).get("phase", "")
            for name, one in self.notices.items()
        }


def issue(cluster: Cluster, one: Suspension) -> None:
    """Tell what there is to tell."""
    notices.issue(cluster, one, [SHOP], POLICY, NOW)  # type: ignore[arg-type]


def close(cluster: Cluster, one: Suspension, note: str) -> None:
    """End it."""
    notices.close(cluster, one, [SHOP], NOW, note)  # type: ignore[arg-type]


EXTENSIONS = [
    {"effectiveAt": "2026-06-05T12:00:00Z", "reason": "The licence is on its way.", "orderedBy": "dora"},
    {"effectiveAt": "2026-06-09T12:00:00Z", "reason": "Still on its way.", "orderedBy": "dora"},
]


def test_each_notice_is_issued_once() -> None:
    """However many passes there are."""
    cluster = Cluster()

    issue(cluster, suspension())
    issue(cluster, suspension())

    assert cluster.told() == {"": "Open"}
    assert cluster.events == [("Suspended", "Your workloads are suspended under AUP 1.6")]


def test_a_later_date_has_a_notice_of_its_own_and_closes_the_earlier_one() -> None:
    """A document is not changed: the tenant can show what it was told, and sees one open date."""
    cluster = Cluster()
    first = {"effectiveAt": "2026-06-02T12:00:00Z"}
    issue(cluster, suspension(**first))
    assert cluster.events == [("Announced", "Your workloads will be suspended under AUP 1.6")]
    issue(cluster, suspension(**first, extensions=EXTENSIONS[:1]))
    assert cluster.told() == {"": "Closed", "-extension-1": "Open"}

    issue(cluster, suspension({"statement": "As issued."}, **first, extensions=EXTENSIONS))

    assert cluster.told() == {"": "Closed", "-extension-1": "Closed", "-extension-2": "Open"}
    assert cluster.notices["acme-1-01234567"]["spec"]["deadline"] == "2026-06-02T12:00:00Z"
    spec = cluster.notices["acme-1-01234567-extension-2"]["spec"]
    assert spec["subject"] == "You have more time: the suspension begins at 2026-06-09 12:00 UTC"
    assert spec["deadline"] == "2026-06-09T12:00:00Z"
    assert spec["statement"] == (
        "The date from which all workloads of tenant acme will be suspended was moved to 2026-06-09 12:00 UTC. "
        "Earlier dates do not count any more.\n\nWhy it was moved: Still on its way.\n\n"
        "The statement of reasons, as it was first issued:\n\nAs issued."
    )


REMOVAL = {"objects": [{"kind": "ConfigMap", "namespace": "shop", "name": "page"}], "reason": "r", "orderedBy": "dora"}
TERMINATION = {"reason": "Third time.", "retainUntil": "2026-07-01T00:00:00Z", "orderedBy": "dora"}


@pytest.mark.parametrize("step", [{"removal": REMOVAL}, {"termination": TERMINATION}])
def test_a_further_step_is_told_when_it_is_confirmed(step: Json) -> None:
    """What one person wants is no decision yet."""
    cluster = Cluster()

    issue(cluster, suspension(**step))
    assert cluster.told() == {"": "Open"}
    issue(cluster, suspension(**{name: {**fields, "confirmedBy": "erik"} for name, fields in step.items()}))

    assert cluster.told() == {"": "Open", f"-{next(iter(step))}": "Open"}


def test_a_removal_says_what_and_that_it_comes_back() -> None:
    """With the clause that allows it, and how to have it reviewed."""
    cluster = Cluster()

    issue(cluster, suspension(removal={**REMOVAL, "confirmedBy": "erik"}))

    text = cluster.notices["acme-1-01234567-removal"]["spec"]["statement"]
    assert "- ConfigMap shop/page\n" in text
    assert "clause 7.3 of the Acceptable Use Policy, version 2026-05, https://asergo.example/aup" in text
    assert "When the suspension is lifted, it is created again." in text
    assert "By Asergo ApS: write to abuse@asergo.example" in text


def test_a_termination_says_until_when_data_can_be_claimed() -> None:
    """As its deadline too."""
    cluster = Cluster()

    issue(cluster, suspension(termination={**TERMINATION, "confirmedBy": "erik"}))

    spec = cluster.notices["acme-1-01234567-termination"]["spec"]
    assert spec["deadline"] == "2026-07-01T00:00:00Z"
    assert spec["subject"] == "Your service ends; your data is kept until 2026-07-01 00:00 UTC"
    assert "If you want your data, write to abuse@asergo.example before." in spec["statement"]


def appeal(outcome: str) -> Json:
    """An appeal that was decided so."""
    decision = {"outcome": outcome, "reason": "It is a miner.", "decidedBy": "erik", "decidedAt": NOW}
    return {"receivedAt": NOW, "statement": "It is none.", "recordedBy": "dora", "decision": decision}


def test_how_an_appeal_was_decided_is_told() -> None:
    """With why, and what can still be done."""
    cluster = Cluster()

    issue(cluster, suspension(appeal=appeal("Upheld")))

    spec = cluster.notices["acme-1-01234567-appeal"]["spec"]
    assert spec["subject"] == "Your appeal is decided: the suspension stands"
    assert "Why: It is a miner." in spec["statement"]
    assert "Out of court:" in spec["statement"]


def test_the_lift_is_told_and_closes_all_that_was_told_before() -> None:
    """Once, with why and what came of it."""
    cluster = Cluster()
    lifted = suspension(appeal=appeal("Reversed"), lift={"reason": "It was a benchmark.", "orderedBy": "erik"})
    issue(cluster, suspension(termination={**TERMINATION, "confirmedBy": "erik"}))

    close(cluster, lifted, "Everything is as it was.")
    close(cluster, lifted, "Everything is as it was.")

    assert cluster.told() == {"": "Closed", "-termination": "Closed", "-lift": "Closed"}
    spec = cluster.notices["acme-1-01234567-lift"]["spec"]
    assert spec["statement"] == (
        "Suspension acme-1 of tenant acme is lifted at 2026-06-01 12:00 UTC. Everything is as it was.\n\n"
        "Why: It was a benchmark.\n\nYour appeal is decided: It is a miner."
    )
    assert [reason for reason, _ in cluster.events] == ["Suspended", "Terminated", "Lifted"]


def test_notices_of_others_stay_as_they_are() -> None:
    """Another suspension's, and one that had the same name before."""
    cluster = Cluster()
    for name in ("acme-1-fedcba98", "acme-2-01234567"):
        cluster.notices[name] = {**notices.compose(suspension(), "shop", POLICY, NOW), "metadata": {"name": name}}

    close(cluster, suspension(), "")

    assert {name: "status" in one for name, one in cluster.notices.items()} == {
        "acme-1-fedcba98": False,
        "acme-2-01234567": False,
        "acme-1-01234567-lift": True,
    }


def test_a_quota_on_notices_stops_nothing() -> None:
    """What cannot be told there stands in the Suspension; what was told before is still closed."""
    cluster = Cluster()
    issue(cluster, suspension())
    cluster.full = True

    issue(cluster, suspension(termination={**TERMINATION, "confirmedBy": "erik"}))
    close(cluster, suspension(), "")

    assert cluster.told() == {"": "Closed"}


@pytest.mark.parametrize(
    ("after", "version"),
    [(timedelta(days=-1), "old"), (timedelta(seconds=-1), "old"), (timedelta(), "new"), (timedelta(days=1), "new")],
)
def test_the_policy_in_force_is_the_latest_that_is_effective(after: timedelta, version: str) -> None:
    """A revision counts from the very instant that it is effective; its own days for appeals with it."""
    spec = default_policy().spec
    policies = [
        msgspec.structs.replace(
            default_policy(),
            spec=msgspec.structs.replace(spec, version=name, effective_at=at, appeal_days=days),
        )
        for name, at, days in (("new", NOW, 7), ("old", NOW - timedelta(days=30), 21))
    ]

    told = in_force(policies, NOW + after)

    assert (told.version, told.appeal_days) == (version, {"old": 21, "new": 7}[version])


def test_without_a_policy_the_default_one_is_named() -> None:
    """As the webhook judges by it."""
    assert in_force([], NOW).url == default_policy().spec.url
