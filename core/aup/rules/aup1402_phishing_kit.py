"""AUP1402 phishing-kit: a container with a phishing kit."""

from collections.abc import Iterator

from aup.detection import detected
from aup.model import Finding, Subject, rule


@rule(id="AUP1402", clause="1.4", detects="phishing_kit", kinds=[("", "ConfigMap")])
def phishing_kit(subject: Subject) -> Iterator[Finding]:
    """The container looks like a phishing kit.

    Why: A kit copies login pages or sits before real ones to take passwords and sessions. A simulator for training,
    such as Gophish, only warns.

    Fix: Remove it. For a training that your customer has agreed to, use a simulator and ask for a permit.
    """
    return detected(subject, "phishing_kit")
