"""Objects of ours are decoded by several threads at once from the start."""

import subprocess
import sys

PROGRAM = """
import sys
import threading

from aup.api.acceptable_use_policy import AcceptableUsePolicy
from aup.api.suspension import Suspension
from aup.api.tenant import Tenant
from aup.errors import InputError
from aup.facts import decoded

sys.setswitchinterval(1e-6)
start = threading.Barrier(8)


def run():
    start.wait()
    for type_ in (Suspension, Tenant, AcceptableUsePolicy):
        try:
            decoded({"metadata": {"name": "x"}, "spec": {}, "status": {}}, type_)
        except InputError:
            refused.append(type_)


refused = []
threads = [threading.Thread(target=run) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(refused))
"""


def test_a_type_that_eight_threads_decode_to_first_is_decoded_by_all() -> None:
    """Four times by a new process; without the lock nine of ten end with a segmentation fault."""
    for _ in range(4):
        ended = subprocess.run([sys.executable, "-Ic", PROGRAM], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout) == (0, "24\n")
