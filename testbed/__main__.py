"""`python -m testbed COMMAND`: a control plane that stays, to try things by hand; and what tests need, made before."""

import argparse
import os
import shlex
import shutil
import sys
import time

from testbed import certmanager, prometheus, running
from testbed.binaries import binaries, binary
from testbed.controlplane import ControlPlaneError
from testbed.gobuild import BuildError
from testbed.node import programs
from testbed.processes import StartError

STOP = "python -m testbed down"


def up() -> int:
    """Start a plane or find the running one; standard output can be given to the shell's `eval`."""
    began = time.monotonic()
    plane, new = running.up()
    print(f"# started in {time.monotonic() - began:.1f} s" if new else "# already running", end="")
    print(f": {plane.server}, logs in {plane.run_dir}/logs")
    print(f"export KUBECONFIG={shlex.quote(plane.kubeconfig)}")
    kubectl = binary("kubectl")
    if shutil.which("kubectl") is None:
        print(f'export PATH={shlex.quote(str(kubectl.parent))}:"$PATH"')
    print(f"# stop it with: {STOP}")
    return os.EX_OK


def down() -> int:
    """End the running plane; it is no error if there is none."""
    plane = running.down()
    print("nothing is running" if plane is None else f"stopped {plane.server}")
    return os.EX_OK


def status() -> int:
    """Say whether a plane runs; exit code 0 if it does, 1 if not."""
    plane = running.read()
    if plane is None:
        print("not running")
        return 1
    if not plane.complete():
        missing = ", ".join(name for name in plane.started if name not in plane.alive())
        print(f"not running as it should: {missing} ended; logs in {plane.run_dir}/logs; clean up with: {STOP}")
        return 1
    print(f"running: {plane.server}\nexport KUBECONFIG={shlex.quote(plane.kubeconfig)}\n# stop it with: {STOP}")
    return os.EX_OK


def build() -> int:
    """Find or build every program, helm included, and print the paths."""
    for name, path in binaries().items():
        print(f"{name}\t{path}")
    return os.EX_OK


def monitoring() -> int:
    """Find or download Prometheus and promtool, and print the paths."""
    for name in prometheus.PROGRAMS:
        print(f"{name}\t{prometheus.program(name)}")
    return os.EX_OK


def node() -> int:
    """Find or build what a node runs, and cert-manager, and print the paths."""
    for name, path in {**programs.programs(), "certmanager": certmanager.program()}.items():
        print(f"{name}\t{path}")
    return os.EX_OK


def main() -> int:
    """Run one command; exit code 1 with one message on stderr if it cannot be done."""
    commands = {
        "up": (up, "start a control plane and leave it running"),
        "down": (down, "end it"),
        "status": (status, "say whether it runs"),
        "build": (build, "only find or build the programs"),
        "monitoring": (monitoring, "only find or download Prometheus"),
        "node": (node, "only find or build what a node runs, and cert-manager"),
    }
    parser = argparse.ArgumentParser(prog="python -m testbed", description="A real Kubernetes control plane.")
    chosen = parser.add_subparsers(dest="command", required=True)
    for name, (_, text) in commands.items():
        chosen.add_parser(name, help=text, description=text)
    command, _ = commands[parser.parse_args().command]
    try:
        return command()
    except (BuildError, ControlPlaneError, StartError) as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
