"""The control plane itself: real controllers, real scheduling, Pods that become Running, and no trace afterwards."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.binaries import binaries
from testbed.controlplane import CommandError, ControlPlane, ControlPlaneError, controlplane
from testbed.gobuild import cache_root
from testbed.processes import StartError, start_time
from tests.support import eventually

pytestmark = pytest.mark.cluster

REPOSITORY = Path(__file__).resolve().parents[2]
WAIT = "--timeout=110s"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """One control plane for this file."""
    with ControlPlane.start() as started:
        yield started


def workload(kind: str, name: str, **spec: Any) -> str:
    """A workload of one container as JSON."""
    template: dict[str, Any] = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": "registry.example/main:1"}]},
    }
    if kind == "Job":
        template["spec"]["restartPolicy"] = "Never"
    else:
        spec["selector"] = {"matchLabels": {"app": name}}
    version = "batch/v1" if kind == "Job" else "apps/v1"
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": {**spec, "template": template}}
    return json.dumps(body)


def pods(plane: ControlPlane, name: str) -> list[tuple[str, bool]]:
    """Phase and readiness of each Pod of a workload."""
    items = json.loads(plane.kubectl("get", "pods", "-l", f"app={name}", "-o", "json").stdout)["items"]
    return [
        (
            item["status"]["phase"],
            any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"].get("conditions", [])),
        )
        for item in items
    ]


def test_a_deployment_of_two_runs_and_scaling_to_zero_ends_its_pods(plane: ControlPlane) -> None:
    """Both Pods get Running and Ready; after scaling to 0 no Pod is left."""
    plane.kubectl("apply", "-f", "-", input=workload("Deployment", "web", replicas=2))
    plane.kubectl("rollout", "status", "deployment/web", WAIT)
    assert pods(plane, "web") == [("Running", True)] * 2
    plane.kubectl("scale", "deployment/web", "--replicas=0")
    plane.kubectl("wait", "--for=delete", "pod", "-l", "app=web", WAIT)
    assert pods(plane, "web") == []


def test_a_stateful_set_runs(plane: ControlPlane) -> None:
    """Its Pods come one after the other and get Ready."""
    plane.kubectl("apply", "-f", "-", input=workload("StatefulSet", "db", replicas=2, serviceName="db"))
    plane.kubectl("rollout", "status", "statefulset/db", WAIT)
    assert pods(plane, "db") == [("Running", True)] * 2


def test_a_daemon_set_runs_on_the_node(plane: ControlPlane) -> None:
    """The one node gets one Pod."""
    plane.kubectl("apply", "-f", "-", input=workload("DaemonSet", "agent"))
    plane.kubectl("rollout", "status", "daemonset/agent", WAIT)
    assert pods(plane, "agent") == [("Running", True)]


def test_a_job_finishes(plane: ControlPlane) -> None:
    """Its Pod succeeds and the Job is complete."""
    plane.kubectl("apply", "-f", "-", input=workload("Job", "once"))
    plane.kubectl("wait", "--for=condition=Complete", "job/once", WAIT)
    assert [phase for phase, _ in pods(plane, "once")] == ["Succeeded"]


def test_a_cron_job_is_accepted_and_its_job_can_be_started(plane: ControlPlane) -> None:
    """The object is stored, and a Job made from it finishes."""
    plane.kubectl("create", "cronjob", "nightly", "--image=registry.example/main:1", "--schedule=0 3 * * *")
    plane.kubectl("create", "job", "tonight", "--from=cronjob/nightly")
    plane.kubectl("wait", "--for=condition=Complete", "job/tonight", WAIT)


def test_a_deleted_namespace_goes_away_with_its_pods(plane: ControlPlane) -> None:
    """Namespace deletion and garbage collection work."""
    plane.kubectl("create", "namespace", "short")
    plane.kubectl("apply", "-n", "short", "-f", "-", input=workload("Deployment", "web", replicas=1))
    plane.kubectl("rollout", "status", "-n", "short", "deployment/web", WAIT)
    plane.kubectl("delete", "namespace", "short", WAIT)
    assert plane.kubectl("get", "namespace", "short", check=False).returncode == 1


def whoami(plane: ControlPlane, kubeconfig: Path | None = None) -> dict[str, Any]:
    """User name and groups as the API server sees them."""
    answer = plane.kubectl("auth", "whoami", "-o", "json", kubeconfig=kubeconfig)
    result: dict[str, Any] = json.loads(answer.stdout)["status"]["userInfo"]
    return result


def test_users_are_whom_they_are_named(plane: ControlPlane) -> None:
    """The administrator is in system:masters; any other user can be made at any time, with groups, without rights."""
    assert "system:masters" in whoami(plane)["groups"]
    alice = plane.user_kubeconfig("alice@tenant.example", ["tenants", "tenant-a"])
    seen = whoami(plane, alice)
    assert seen["username"] == "alice@tenant.example"
    assert sorted(seen["groups"]) == ["system:authenticated", "tenant-a", "tenants"]
    with pytest.raises(CommandError, match=r"alice@tenant\.example.* cannot list resource") as caught:
        plane.kubectl("get", "pods", kubeconfig=alice)
    assert caught.value.result.returncode == 1


def test_a_service_account_gets_a_token_of_its_own(plane: ControlPlane) -> None:
    """A service account's kubeconfig acts as the service account."""
    plane.kubectl("create", "serviceaccount", "robot")
    path = plane.service_account_kubeconfig("default", "robot")
    assert whoami(plane, path)["username"] == "system:serviceaccount:default:robot"


def test_controllers_act_as_service_accounts_and_pods_get_one(plane: ControlPlane) -> None:
    """As in production: a service account for each controller, and the ServiceAccount admission plugin."""
    accounts = ("get", "serviceaccount", "-n", "kube-system", "deployment-controller", "replicaset-controller")
    eventually(lambda: plane.kubectl(*accounts, check=False).returncode == 0)
    plane.kubectl("run", "plain", "--image=registry.example/main:1")
    account = plane.kubectl("get", "pod", "plain", "-o", "jsonpath={.spec.serviceAccountName}").stdout
    assert account == "default"


def test_two_planes_run_side_by_side_and_stop_without_a_trace(plane: ControlPlane, tmp_path: Path) -> None:
    """They share nothing; the second one's stop ends its processes, removes its folder, keeps named logs."""
    with ControlPlane.start(log_dir=tmp_path) as second:
        assert second.server != plane.server
        second.kubectl("create", "namespace", "only-here")
        assert plane.kubectl("get", "namespace", "only-here", check=False).returncode == 1
        pids = dict(second.pids)
        assert set(pids) == {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"}
    assert [name for name, pid in pids.items() if start_time(pid) is not None] == []
    assert not second.run_dir.exists()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(f"{name}.log" for name in pids)
    plane.kubectl("get", "--raw", "/readyz")


def test_a_failed_start_names_the_process_and_shows_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An argument kube-apiserver does not know ends the start at once; the message has the reason, the folder stays."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(StartError) as caught:
        ControlPlane.start(apiserver_args=["--no-such-flag"])
    (run_dir,) = tmp_path.glob("aup-testbed-*")
    assert f"kept in {run_dir}" in capsys.readouterr().err
    assert not (run_dir / "etcd").exists()
    assert "kube-apiserver ended with exit code 1" in str(caught.value)
    assert "unknown flag: --no-such-flag" in str(caught.value)
    assert str(run_dir / "logs" / "kube-apiserver.log") in str(caught.value)


def test_a_plane_ends_with_its_starter(tmp_path: Path) -> None:
    """A starter that is killed hard leaves no process and no key behind, only the logs."""
    script = (
        "import json, time\nfrom testbed.controlplane import ControlPlane\n"
        "plane = ControlPlane.start()\nprint(json.dumps(plane.pids), flush=True)\ntime.sleep(600)\n"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=REPOSITORY, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as starter:
        assert starter.stdout is not None
        pids = json.loads(starter.stdout.readline())
        starter.kill()
    (run_dir,) = tmp_path.glob("aup-testbed-*")
    deadline = time.monotonic() + 60

    def left() -> tuple[list[str], list[str]]:
        alive = [name for name, pid in pids.items() if start_time(pid) is not None]
        return [entry.name for entry in run_dir.iterdir()], alive

    while time.monotonic() < deadline and left() != (["logs"], []):
        time.sleep(0.05)
    assert left() == (["logs"], [])


def test_a_named_cluster_is_used_and_never_stopped(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """AUP_KUBECONFIG wins; users come from the cluster's own signer; the end of the block leaves it running."""
    monkeypatch.setenv("AUP_KUBECONFIG", str(plane.kubeconfig))
    with controlplane() as named:
        assert (named.server, named.owned, named.pids) == (plane.server, False, {})
        bob = named.user_kubeconfig("bob", ["tenants"])
        assert whoami(named, bob)["username"] == "bob"
    assert not bob.exists()
    plane.kubectl("get", "--raw", "/readyz")


def test_a_named_cluster_takes_no_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments for the API server of a running cluster are an error, not ignored."""
    monkeypatch.setenv("AUP_KUBECONFIG", "/nowhere")
    with pytest.raises(ControlPlaneError, match="takes no new arguments"):
        controlplane(apiserver_args=["--v=2"])
    with pytest.raises(ControlPlaneError, match="/nowhere does not exist"):
        controlplane()


def test_up_leaves_a_plane_running_until_down(tmp_path: Path) -> None:
    """`up` outlives its process, a second `up` finds it, `status` tells, `down` leaves no process."""
    cache = tmp_path / "cache" / "aup" / "testbed"
    cache.mkdir(parents=True)
    binaries()
    for built in cache_root().glob("*/"):
        (cache / built.name).symlink_to(built)
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def testbed(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "testbed", command],
            cwd=REPOSITORY,
            env=env,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def exported(text: str) -> str:
        return next(line for line in text.splitlines() if line.startswith("export KUBECONFIG="))

    assert testbed("status").returncode == 1
    try:
        first = testbed("up")
        assert first.returncode == 0, first.stderr
        pids = json.loads((cache / "cluster.json").read_text())["started"]
        second = testbed("up")
        assert exported(second.stdout) == exported(first.stdout)
        assert "already running" in second.stdout
        assert "python -m testbed down" in second.stdout
        assert testbed("status").returncode == 0
    finally:
        down = testbed("down")
    assert down.returncode == 0
    assert down.stdout.startswith("stopped https://127.0.0.1:")
    assert [name for name, (pid, _) in pids.items() if start_time(pid) is not None] == []
    assert testbed("status").returncode == 1
    assert testbed("down").stdout == "nothing is running\n"
