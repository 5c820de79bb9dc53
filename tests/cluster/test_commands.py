"""The abuse desk's commands on a real cluster, with the rights of the ClusterRole aup-abuse-desk and no others."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from testbed.installation import Installation
from tests.support import Customer, eventually, pod, workload

pytestmark = pytest.mark.cluster

Run = Callable[..., subprocess.CompletedProcess[str]]

LATER = ("--effective-at", "2999-01-01T00:00:00Z")
"""Never in a test's lifetime."""


def person(aup: Installation, name: str, *roles: str) -> Run:
    """`aup` as somebody with these ClusterRoles."""
    for role in roles:
        aup.plane.kubectl("create", "clusterrolebinding", f"{name}:{role}", f"--clusterrole={role}", f"--user={name}")
    kubeconfig = aup.plane.user_kubeconfig(name)

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("aup")), *args]
        env = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        return subprocess.run(
            command, env=env, capture_output=True, text=True, check=False, timeout=400, stdin=subprocess.DEVNULL
        )

    return run


@pytest.fixture(scope="module")
def desk(aup: Installation) -> Run:
    """Dora of the abuse desk."""
    return person(aup, "dora", "aup-abuse-desk")


@pytest.fixture(scope="module")
def second(aup: Installation) -> Run:
    """Erik, the desk's second person."""
    return person(aup, "erik", "aup-abuse-desk")


@pytest.fixture(scope="module")
def viewer(aup: Installation) -> Run:
    """Vera of the desk, who may look into tenants' namespaces too."""
    return person(aup, "vera", "aup-abuse-desk", "view")


@pytest.fixture
def later(desk: Run, customer: Customer) -> str:
    """A suspension that Dora has ordered for a time to come."""
    name = f"{customer.name}-later"
    ordered = desk("suspend", customer.name, "--name", name, "--clause", "3.1", "--facts", "No licence.", *LATER)
    assert ordered.returncode == 0, ordered.stderr
    eventually(lambda: stored(customer, name).get("status", {}).get("phase") == "Pending")
    return name


def stored(customer: Customer, name: str) -> dict[str, Any]:
    """A suspension as the API server has it; empty if it is not there."""
    answer = customer.plane.kubectl("get", "suspension", name, "-o", "json", check=False)
    found: dict[str, Any] = json.loads(answer.stdout or "{}")
    return found


def said(answer: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    """Exit code, and the last line of what went wrong."""
    return answer.returncode, (answer.stderr.splitlines() or [""])[-1]


def test_a_tenant_is_suspended_shown_and_lifted(desk: Run, customer: Customer) -> None:
    """Each command tells what it did, waits for it, and names who ordered it."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    name = f"{customer.name}-case"

    suspended = desk("suspend", customer.name, "--name", name, "--clause", "1.6", "--facts", "A miner in web.")
    shown = desk("status", customer.name)
    lifted = desk("lift", customer.name, "--reason", "Removed.")
    again = desk("lift", customer.name, "--reason", "Removed.")

    assert suspended.returncode == 0, suspended.stderr
    assert suspended.stdout.splitlines()[0] == f"Suspension {name} is ordered."
    assert f"{name}: Enforced - Nothing of the tenant runs. Recorded: 1." in suspended.stdout
    assert suspended.stdout.splitlines()[-1] == f"To put everything back: aup lift {name} --reason '…'"
    row = next(line.split() for line in shown.stdout.splitlines() if line.startswith(f"{name} "))
    expected = [name, customer.name, "1.6", "everything", "Enforced", "1/1", "0", "-", "dora", "A", "miner", "in"]
    assert row == [*expected, "web."]
    assert lifted.returncode == 0, lifted.stderr
    assert lifted.stdout.splitlines()[-1] == f"{name}: Lifted - Everything is as it was."
    assert (again.returncode, again.stdout) == (0, f"Everything of tenant {customer.name} is lifted already.\n")
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2


def test_the_order_says_all_that_the_desk_said(desk: Run, customer: Customer) -> None:
    """Every option has its field, and the tenant is told at once that it has a day."""
    name = f"{customer.name}-all"

    answer = desk(
        *("suspend", customer.name, "--name", name, "--clause", "1.2", "--clause", "1.6", "--facts", "Found."),
        *("--explanation", "It mines.", "--evidence", "Pod x/y | spec.containers[0].image | xmrig:6"),
        *("--rule", "AUP1601", "--source", "otherNotification", "--until", "2998-01-01T01:00:00+01:00"),
        *("--lift-condition", "Remove it.", "--illegal-ground", "Penal Code", "--illegal-explanation", "Theft."),
        *("--workload", f"{customer.name}/deploy/web", "--exposure", "deny", "--notice", "24h"),
    )

    assert answer.returncode == 0, answer.stderr
    spec = stored(customer, name)["spec"]
    noticed, begins = (datetime.fromisoformat(spec.pop(field)) for field in ("noticedAt", "effectiveAt"))
    assert begins - noticed == timedelta(days=1)
    assert answer.stdout.splitlines()[0] == (
        f"Suspension {name} is ordered, to take effect at {begins:%Y-%m-%dT%H:%M:%SZ}; the tenant is told now."
    )
    assert spec == {
        "tenant": customer.name,
        "clauses": ["1.2", "1.6"],
        "orderedBy": "dora",
        "exposure": "Deny",
        "workloads": [{"apiGroup": "apps", "kind": "Deployment", "namespace": customer.name, "name": "web"}],
        "statementOfReasons": {
            "facts": "Found.",
            "explanation": "It mines.",
            "evidence": [{"object": "Pod x/y", "fieldPath": "spec.containers[0].image", "text": "xmrig:6"}],
            "rulesUsed": [{"id": "AUP1601"}],
            "source": "otherNotification",
            "automatedDetection": True,
            "automatedDecision": "not",
            "decision": {
                "type": "partialSuspension",
                "until": "2998-01-01T00:00:00Z",
                "liftConditions": "Remove it.",
            },
            "illegal": {"legalGround": "Penal Code", "explanation": "Theft."},
        },
    }
    eventually(lambda: stored(customer, name).get("status", {}).get("statement"))
    eventually(lambda: customer.get("notices")["items"])
    (notice,) = customer.get("notices")["items"]
    assert notice["spec"]["statement"] == stored(customer, name)["status"]["statement"]
    assert "Rules used: AUP1601." in notice["spec"]["statement"]
    assert notice["spec"]["deadline"] == f"{begins:%Y-%m-%dT%H:%M:%SZ}"
    assert desk("lift", name, "--reason", "Removed.").returncode == 0


def test_a_statement_may_be_prepared_in_a_file(desk: Run, customer: Customer, tmp_path: Path) -> None:
    """Its fields are checked before anything is ordered; one that is misspelt is refused."""
    file = tmp_path / "reasons.yaml"
    file.write_text("facts: From a file.\ndecision:\n  territorialScope: [DK]\n")
    name = f"{customer.name}-file"
    order = ("suspend", customer.name, "--name", name, "--clause", "1.1", "--statement-file", str(file), *LATER)

    ordered = desk(*order)
    file.write_text("facts: From a file.\nexplanaton: Misspelt.\n")
    refused = desk(*order, "--name", f"{name}-2")

    assert ordered.returncode == 0, ordered.stderr
    kept = stored(customer, name)["spec"]["statementOfReasons"]
    assert kept["facts"] == "From a file."
    assert kept["decision"] == {"type": "totalSuspension", "territorialScope": ["DK"]}
    assert refused.returncode == 1
    assert 'unknown field "spec.statementOfReasons.explanaton"' in refused.stderr
    assert stored(customer, f"{name}-2") == {}


def test_a_dry_run_tells_everything_and_changes_nothing(viewer: Run, customer: Customer) -> None:
    """What is scaled, from what to what, and which Pods go; no Suspension, no Notice, no label."""
    objects = [workload("Deployment", "web", replicas=2), workload("CronJob", "report"), pod("bare")]
    customer.run("create", "-f", "-", stdin=objects, check=True)
    eventually(lambda: len(customer.get("pods")["items"]) == 3)
    before = customer.get("namespace", customer.name)

    answer = viewer("suspend", customer.name, "--name", "dry", "--clause", "1.6", "--facts", "x", "--dry-run")

    assert answer.returncode == 0, answer.stderr
    place = customer.name
    rows = [line.split() for line in answer.stdout.splitlines()]
    assert answer.stdout.splitlines()[:2] == [
        f"Dry run: this is what the suspension of tenant {place} would do now.",
        f"Namespaces: {place}.",
    ]
    assert ["KIND", "OBJECT", "FIELD", "NOW", "WILL", "BE"] in rows
    report = rows.index(["CronJob", f"{place}/report", "/spec/suspend", "false", "true"])
    web = rows.index(["Deployment", f"{place}/web", "/spec/replicas", "2", "0"])
    assert report < web
    assert f"  Pod {place}/bare" in answer.stdout.splitlines()
    assert answer.stdout.splitlines()[-1] == "Nothing was changed, and the tenant was told nothing."
    assert stored(customer, "dry") == {}
    assert customer.get("notices")["items"] == []
    assert customer.get("namespace", customer.name) == before


def test_a_dry_run_needs_to_read_the_tenants_workloads(desk: Run, customer: Customer) -> None:
    """The desk's own role does not let it; then it says what does."""
    answer = desk("suspend", customer.name, "--clause", "1.6", "--facts", "x", "--dry-run")

    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: a dry run reads the tenant's workloads, and you may not (")
    assert "ClusterRole view" in answer.stderr


def test_only_the_named_workload_is_suspended(desk: Run, customer: Customer) -> None:
    """The other one goes on."""
    web, api = (workload("Deployment", name, replicas=1) for name in ("web", "api"))
    customer.run("create", "-f", "-", stdin=[web, api], check=True)
    chosen = ("--workload", f"{customer.name}/deployments/web")

    answer = desk("suspend", customer.name, "--clause", "1.6", "--facts", "A miner in web.", *chosen)

    assert answer.returncode == 0, answer.stderr
    replicas = {one["metadata"]["name"]: one["spec"]["replicas"] for one in customer.get("deployments")["items"]}
    assert replicas == {"web": 0, "api": 1}
    assert " 1 named " in desk("status", customer.name).stdout
    assert desk("lift", customer.name, "--reason", "Removed.").returncode == 0
    assert customer.get("deployment", "web")["spec"]["replicas"] == 1


def test_a_date_may_be_given(desk: Run, customer: Customer, later: str) -> None:
    """The tenant is told now, the suspension takes effect later, and a lift before that ends it."""
    assert stored(customer, later)["spec"]["effectiveAt"] == "2999-01-01T00:00:00Z"

    assert desk("lift", later, "--reason", "Proof received.").returncode == 0
    assert stored(customer, later)["status"]["phase"] == "Lifted"


def test_more_time_is_given(desk: Run, second: Run, customer: Customer, later: str) -> None:
    """Twice, by two people; earlier grants stay, and the tenant is told each date."""
    first = desk("extend", later, "--by", "3d", "--reason", "On its way.")
    again = second("extend", later, "--until", "2999-02-01T00:00:00Z", "--reason", "Still.")

    assert first.stdout == (
        f"Suspension {later} takes effect at 2999-01-04T00:00:00Z, not at 2999-01-01T00:00:00Z; the tenant is told.\n"
    )
    assert again.returncode == 0, again.stderr
    assert stored(customer, later)["spec"]["extensions"] == [
        {"effectiveAt": "2999-01-04T00:00:00Z", "reason": "On its way.", "orderedBy": "dora"},
        {"effectiveAt": "2999-02-01T00:00:00Z", "reason": "Still.", "orderedBy": "erik"},
    ]
    line = f"{later}: has more time until 2999-02-01T00:00:00Z, given by erik: Still."
    assert line in desk("status", customer.name).stdout.splitlines()
    eventually(
        lambda: (
            [
                (one["spec"].get("deadline"), one.get("status", {}).get("phase"))
                for one in customer.get("notices")["items"]
            ]
            == [
                ("2999-01-01T00:00:00Z", "Closed"),
                ("2999-01-04T00:00:00Z", "Closed"),
                ("2999-02-01T00:00:00Z", "Open"),
            ]
        )
    )


def test_a_date_is_only_moved_later(desk: Run, later: str) -> None:
    """An earlier one would take back what the tenant was told."""
    assert said(desk("extend", later, "--until", "2998-12-31T00:00:00Z", "--reason", "x")) == (
        1,
        "Error: 2998-12-31T00:00:00Z is not later than 2999-01-01T00:00:00Z, "
        f"when {later} takes effect; give a later date",
    )
    assert said(desk("extend", later, "--reason", "x")) == (2, "Error: Give either --until or --by.")


def test_a_second_person_approves(desk: Run, second: Run, customer: Customer, later: str) -> None:
    """Not the one who ordered it; a second approval changes nothing."""
    own = desk("approve", later)
    approved = second("approve", later)
    again = second("approve", later)

    assert said(own) == (1, f"Error: dora ordered {later}; it has to be approved by somebody else")
    assert (approved.returncode, approved.stdout) == (0, f"Suspension {later} is approved.\n")
    assert (again.returncode, again.stdout) == (0, f"Suspension {later} is approved already, by erik.\n")
    assert stored(customer, later)["spec"]["approvedBy"] == "erik"


@pytest.fixture
def braked(aup: Installation, desk: Run, new_customer: Callable[[], Customer]) -> Iterator[None]:
    """One tenant was suspended within the last hour, and no more may be without a second person."""
    assert desk("suspend", new_customer().name, "--clause", "1.6", "--facts", "x").returncode == 0
    aup.kill("operator")
    aup.start_operator(AUP_BRAKE_TENANTS="1")
    try:
        yield
    finally:
        aup.kill("operator")
        aup.start_operator()


@pytest.mark.usefixtures("braked")
def test_one_too_many_in_an_hour_waits_for_a_second_person(desk: Run, second: Run, customer: Customer) -> None:
    """Nothing is touched and the tenant is told nothing until somebody else approves; then it goes its way."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=1), check=True)
    name = f"{customer.name}-braked"

    ordered = desk("suspend", customer.name, "--name", name, "--clause", "1.6", "--facts", "A miner in web.")
    shown = desk("status", customer.name)
    untouched = customer.get("deployment", "web")["spec"]["replicas"], customer.get("notices")["items"]
    own = desk("approve", name)
    approved = second("approve", name)

    assert ordered.returncode == 1
    assert f"It waits for a second person: aup approve {name}" in ordered.stdout
    line = f"{name}: waits for somebody else than dora to approve it: aup approve {name}"
    assert line in shown.stdout.splitlines()
    assert untouched == (1, [])
    assert said(own) == (1, f"Error: dora ordered {name}; it has to be approved by somebody else")
    assert approved.returncode == 0, approved.stderr
    assert approved.stdout.splitlines()[0] == f"Suspension {name} is approved."
    assert approved.stdout.splitlines()[-1] == f"{name}: Enforced - Nothing of the tenant runs. Recorded: 1."


def test_a_removal_takes_two_people(desk: Run, second: Run, customer: Customer, later: str) -> None:
    """One orders it, may correct it, and cannot confirm it; the other is shown what it is."""
    wrong = desk("remove", later, "--object", f"{customer.name}/cm/other", "--reason", "A slip.")
    ordered = desk("remove", later, "--object", f"{customer.name}/cm/page", "--reason", "A phishing page.")
    own = desk("confirm", later, "removal", "--yes")
    unasked = second("confirm", later, "removal")
    shown = desk("status", customer.name)
    confirmed = second("confirm", later, "removal", "--yes")
    late = desk("remove", later, "--object", f"{customer.name}/cm/more", "--reason", "x")

    assert (wrong.returncode, ordered.returncode) == (0, 0), ordered.stderr
    assert ordered.stdout == (
        f"The removal of 1 object under {later} is ordered, and waits for somebody else.\n"
        f"To confirm it: aup confirm {later} removal\n"
    )
    assert said(own) == (1, "Error: dora ordered the removal; it has to be confirmed by somebody else")
    assert said(unasked) == (1, "Error: nobody can be asked here; read the above, and give --yes")
    assert unasked.stdout == (
        "Ordered by dora: A phishing page.\n"
        f"1 object of tenant {customer.name}, to be archived and deleted until the lift:\n"
        f"  ConfigMap {customer.name}/page\n"
    )
    waits = f"{later}: removal of 1 waits for somebody else than dora: aup confirm {later} removal"
    assert waits in shown.stdout.splitlines()
    assert confirmed.stdout.splitlines()[-1] == f"The removal under {later} is confirmed; the tenant is told."
    assert said(late) == (
        1,
        f"Error: a removal under {later} is ordered and confirmed already, by dora and erik",
    )
    assert stored(customer, later)["spec"]["removal"] == {
        "objects": [{"kind": "ConfigMap", "namespace": customer.name, "name": "page"}],
        "reason": "A phishing page.",
        "orderedBy": "dora",
        "confirmedBy": "erik",
    }


def test_a_termination_takes_two_people_and_time(aup: Installation, desk: Run, customer: Customer, later: str) -> None:
    """Both of the provider, not of the desk; the tenant reads until when its data is kept."""
    first, second = person(aup, "olga", "aup-provider"), person(aup, "pia", "aup-provider")
    past = first("terminate", later, "--retain-until", "2020-01-01T00:00:00Z", "--reason", "x")
    none = second("confirm", later, "termination", "--yes")
    refused = desk("terminate", later, "--retain-until", "2999-06-01T00:00:00Z", "--reason", "x")
    ordered = first("terminate", later, "--retain-until", "2999-06-01T00:00:00Z", "--reason", "Third time.")
    confirmed = second("confirm", later, "termination", "--yes")
    again = second("confirm", later, "termination", "--yes")

    assert said(past) == (2, "Error: --retain-until 2020-01-01T00:00:00Z is in the past; give the tenant time.")
    assert said(none) == (1, f"Error: no termination is ordered under {later}; `aup terminate` orders one")
    assert "only the provider orders, changes, confirms or takes back a termination" in refused.stderr
    assert ordered.returncode == 0, ordered.stderr
    assert confirmed.stdout == (
        "Ordered by olga: Third time.\n"
        f"From 2999-06-01T00:00:00Z on all namespaces of tenant {customer.name} are deleted with all data. "
        "Nothing can be put back then.\n"
        f"The termination under {later} is confirmed; the tenant is told.\n"
    )
    assert again.stdout == f"The termination under {later} is confirmed already, by pia.\n"
    line = f"{later}: the tenant's namespaces are deleted from 2999-06-01T00:00:00Z on"
    assert line in desk("status", customer.name).stdout.splitlines()
    eventually(
        lambda: (
            "Your service ends; your data is kept until 2999-06-01 00:00 UTC"
            in [one["spec"]["subject"] for one in customer.get("notices")["items"]]
        )
    )


def test_an_appeal_is_recorded_and_upheld(desk: Run, second: Run, customer: Customer, later: str) -> None:
    """It has a clock, and is decided by somebody else than who ordered the suspension."""
    early = second("appeal", later, "--decide", "upheld", "--reason", "x")
    recorded = desk("appeal", later, "--statement", "It is licensed.", "--received-at", "2026-01-01T00:00:00Z")
    twice = desk("appeal", later, "--statement", "Again.")
    eventually(lambda: "appeal" in stored(customer, later)["status"])
    shown = desk("status", customer.name)
    own = desk("appeal", later, "--decide", "upheld", "--reason", "x")
    upheld = second("appeal", later, "--decide", "upheld", "--reason", "No proof.")
    done = second("appeal", later, "--decide", "reversed", "--reason", "x")

    how = f"aup appeal {later} --statement '…'"
    assert said(early) == (1, f"Error: no appeal against {later} is recorded; record it: {how}")
    assert recorded.returncode == 0, recorded.stderr
    assert said(twice) == (
        1,
        f"Error: an appeal against {later} was recorded already, received 2026-01-01T00:00:00Z; "
        f"decide it: aup appeal {later} --decide …",
    )
    line = next(line for line in shown.stdout.splitlines() if line.startswith(f"{later}: appeal"))
    assert line.startswith(f"{later}: appeal to be decided before 2026-01-15T00:00:00Z, overdue by ")
    assert said(own) == (1, f"Error: dora ordered {later}; the appeal has to be decided by somebody else")
    assert upheld.stdout == f"The appeal against {later} is decided: upheld. The suspension stands.\n"
    assert said(done) == (1, f"Error: the appeal against {later} was decided already: upheld, by erik")
    assert f"{later}: appeal decided: upheld, by erik" in desk("status", customer.name).stdout.splitlines()
    eventually(
        lambda: (
            "Your appeal is decided: the suspension stands"
            in [one["spec"]["subject"] for one in customer.get("notices")["items"]]
        )
    )


def test_an_appeal_that_is_reversed_lifts(desk: Run, second: Run, customer: Customer) -> None:
    """In one step, and the tenant is told why."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    name = f"{customer.name}-case"
    assert desk("suspend", customer.name, "--name", name, "--clause", "1.6", "--facts", "A miner.").returncode == 0
    assert desk("appeal", name, "--statement", "It is a benchmark.").returncode == 0

    answer = second("appeal", name, "--decide", "reversed", "--reason", "It is one.")

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0] == f"The appeal against {name} is decided: reversed. The lift is ordered too."
    assert answer.stdout.splitlines()[-1] == f"{name}: Lifted - Everything is as it was."
    assert stored(customer, name)["spec"]["lift"] == {"reason": "Appeal: It is one.", "orderedBy": "erik"}
    assert customer.get("deployment", "web")["spec"]["replicas"] == 2
    notices = {one["spec"]["subject"]: one for one in customer.get("notices")["items"]}
    assert [one["status"]["phase"] for one in notices.values()] == ["Closed", "Closed"]
    assert "Your appeal is decided: It is one." in notices["The suspension is lifted"]["spec"]["statement"]


@pytest.fixture
def ordered(aup: Installation, desk: Run, customer: Customer) -> Iterator[str]:
    """A suspension that nothing is done about, because the operator is dead."""
    customer.run("create", "-f", "-", stdin=workload("Deployment", "web", replicas=2), check=True)
    name = f"{customer.name}-w"
    aup.kill("operator")
    try:
        order = ("suspend", customer.name, "--name", name, "--clause", "1.6", "--facts", "x", "--no-wait")
        assert desk(*order).returncode == 0
        yield name
    finally:
        if not aup.running("operator"):
            aup.start_operator()


@contextmanager
def watching(aup: Installation, customer: Customer) -> Iterator[subprocess.Popen[str]]:
    """`aup status --watch` at work."""
    command = [str(Path(sys.executable).with_name("aup")), "status", customer.name, "--watch"]
    env = {**os.environ, "KUBECONFIG": str(aup.plane.user_kubeconfig("dora")), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_progress_is_watched_until_all_has_settled(aup: Installation, customer: Customer, ordered: str) -> None:
    """A line for each new state, then where everything stands."""
    with watching(aup, customer) as watch:
        assert watch.stdout is not None
        assert watch.stdout.readline() == f"{ordered}: waiting for the operator\n"
        aup.start_operator()
        rest, problem = watch.communicate(timeout=300)

    assert (watch.returncode, problem) == (0, "")
    progress, _, table = rest.partition("TENANT ")
    assert progress.splitlines()[-1] == f"{ordered}: Enforced, held 1 of 1, running 0"
    row = next(line.split() for line in table.splitlines() if line.startswith(ordered))
    assert row[4:7] == ["Enforced", "1/1", "0"]


def test_watching_is_ended_with_ctrl_c(aup: Installation, customer: Customer, ordered: str) -> None:
    """Quietly, with the exit code that shells give it."""
    with watching(aup, customer) as watch:
        assert watch.stdout is not None
        assert watch.stdout.readline().startswith(ordered)
        watch.send_signal(signal.SIGINT)
        rest, problem = watch.communicate(timeout=60)

    assert (watch.returncode, rest, problem) == (130, "", "")


def test_watching_ends_where_nothing_is_on_its_way(desk: Run, customer: Customer, later: str) -> None:
    """A suspension that waits for its date is settled."""
    watched = desk("status", customer.name, "--watch")

    assert watched.returncode == 0
    assert watched.stdout.startswith("TENANT ")
    assert later in watched.stdout


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (
            ("suspend", "no-such-tenant", "--clause", "1.6", "--facts", "x"),
            "Error: there is no tenant 'no-such-tenant'; `aup status` lists the tenants\n",
        ),
        (
            ("lift", "no-such-tenant", "--reason", "x"),
            "Error: there is no suspension 'no-such-tenant', nor one of a tenant 'no-such-tenant'; "
            "`aup status` lists them\n",
        ),
        (("status", "no-such-tenant"), "Error: there is no tenant 'no-such-tenant'; `aup status` lists the tenants\n"),
        *(
            (command, "Error: there is no suspension 'no-such'; `aup status` lists them\n")
            for command in (
                ("approve", "no-such"),
                ("extend", "no-such", "--by", "1d", "--reason", "x"),
                ("remove", "no-such", "--object", "a/cm/b", "--reason", "x"),
                ("terminate", "no-such", "--retain-until", "2999-01-01T00:00:00Z", "--reason", "x"),
                ("confirm", "no-such", "removal"),
                ("appeal", "no-such", "--statement", "x"),
            )
        ),
    ],
)
def test_who_is_not_there_is_said(desk: Run, args: tuple[str, ...], text: str) -> None:
    """One sentence with the next step, exit code 1, and nothing is ordered."""
    answer = desk(*args)

    assert (answer.returncode, answer.stderr) == (1, text)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("--clause", "AUP1601"), "'AUP1601' is no clause of the AUP; write it as 1.6"),
        (("--rule", "AUP9999"), "there is no rule 'AUP9999'; `aup rules` lists them"),
        (("--notice", "1d", *LATER), "--effective-at and --notice say the same thing; give one of them."),
        (
            ("--effective-at", "2020-01-01T00:00:00Z"),
            "--effective-at 2020-01-01T00:00:00Z is in the past; leave it out",
        ),
        (("--illegal-ground", "x"), "--illegal-ground and --illegal-explanation go together: which law, and why."),
    ],
)
def test_what_is_written_wrongly_is_refused(desk: Run, args: tuple[str, ...], problem: str) -> None:
    """Usage, exit code 2, with how to write it."""
    answer = desk("suspend", "acme", "--clause", "1.6", "--facts", "x", *args)

    assert answer.returncode == 2
    assert problem in answer.stderr


def test_what_the_api_server_refuses_is_told_in_its_words(desk: Run, customer: Customer) -> None:
    """A name that Kubernetes does not take is Kubernetes' to refuse."""
    answer = desk("suspend", customer.name, "--name", "Bad_Name", "--clause", "1.6", "--facts", "x")

    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: the API server refused: 422: ")


def test_a_name_that_is_taken_is_said(desk: Run, customer: Customer, later: str) -> None:
    """With what to do."""
    answer = desk("suspend", customer.name, "--name", later, "--clause", "1.6", "--facts", "x")

    assert said(answer) == (
        1,
        f"Error: there is a suspension '{later}' already; give another --name, or look at it: aup status",
    )


def test_who_may_not_is_told_whom_to_ask(aup: Installation, customer: Customer) -> None:
    """Somebody without the desk's role."""
    answer = person(aup, "nobody")("suspend", customer.name, "--clause", "1.6", "--facts", "x")

    assert answer.returncode == 1
    assert answer.stderr.endswith("; ask an administrator to bind the ClusterRole aup-abuse-desk to you\n")


def test_nothing_to_lift_is_said(desk: Run, customer: Customer) -> None:
    """A tenant that is there and not suspended is told apart from one that is not there."""
    answer = desk("lift", customer.name, "--reason", "x")

    assert (answer.returncode, answer.stderr) == (1, f"Error: nothing of tenant '{customer.name}' is suspended\n")


@pytest.mark.usefixtures("desk")
def test_the_desk_can_do_nothing_else(aup: Installation, customer: Customer) -> None:
    """It may not write tenants, permits or records, nor read anything of a tenant's namespace."""
    dora = aup.plane.user_kubeconfig("dora")
    for verb, resource in (
        ("create", "tenants"),
        ("create", "permits"),
        ("patch", "suspensionrecords"),
        ("get", "pods"),
    ):
        answer = aup.plane.kubectl("auth", "can-i", verb, resource, "-n", customer.name, check=False, kubeconfig=dora)
        assert answer.stdout.strip() == "no", (verb, resource)
    assert json.loads(aup.plane.kubectl("get", "tenants", "-o", "json", kubeconfig=dora).stdout)["items"]
