"""Linters of others, for what we install: kube-score, built from its Go module, and Checkov, from a venv of its own."""

import os
from pathlib import Path

from testbed import gobuild
from testbed.binaries import say
from testbed.tools import Tool

GOMOD_FOLDER = Path(__file__).resolve().parent / "gomod"
KUBE_SCORE = Tool("kube-score", "kubescore", "github.com/zegl/kube-score/cmd/kube-score", (1, 20))

CHECKOV = Path(os.environ.get("AUP_CHECKOV", ""))
"""The command `checkov`, which `make compat-linters` installs and names."""


def kube_score() -> Path:
    """The program kube-score.

    Raises:
        testbed.gobuild.BuildError: It must be built and cannot be; that takes half a minute the first time.
    """
    return gobuild.build([KUBE_SCORE], report=say, gomod_folder=GOMOD_FOLDER, every=[KUBE_SCORE])[KUBE_SCORE.name]
