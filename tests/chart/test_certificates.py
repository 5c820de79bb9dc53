"""Who makes the webhook's certificate: three modes, of which none lets an upgrade take trust away."""

import pytest

from tests.chart.rendering import BROUGHT, BUNDLE, NAMESPACE, Json, kinds, one, render, template

CERT_MANAGER = "webhook.tls.mode=certManager"
ANNOTATION = "cert-manager.io/inject-ca-from"


def trust(*values: str) -> list[str | None]:
    """What each webhook's entry sets as the authorities that the API server trusts; None where it sets nothing."""
    hooks = one("ValidatingWebhookConfiguration", "aup-enforce", *values)["webhooks"]
    return [hook["clientConfig"].get("caBundle") for hook in hooks]


def annotations(*values: str) -> Json:
    """The configuration's annotations."""
    found: Json = one("ValidatingWebhookConfiguration", "aup-enforce", *values)["metadata"].get("annotations", {})
    return found


def settings(*values: str) -> dict[str, str]:
    """What the operator is told of certificates."""
    (container,) = one("Deployment", "aup-operator", *values)["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each["value"] for each in container["env"] if "CERTIFICATE" in each["name"]}


def test_by_default_the_operator_makes_the_certificate() -> None:
    """The chart sets nothing of what the API server trusts, so that no upgrade and no GitOps tool resets it."""
    assert settings() == {"AUP_CERTIFICATE_SECRET": "aup-webhook-tls", "AUP_CERTIFICATE_LIFETIME": "7776000"}
    assert trust() == [None, None]
    assert annotations() == {}


def test_lifetime_and_secret_are_what_was_set() -> None:
    """In days, for people."""
    given = ("webhook.tls.days=7", "webhook.tls.secretName=own")
    (volume,) = one("Deployment", "aup-webhook", *given)["spec"]["template"]["spec"]["volumes"]
    (named, _) = one("Role", "aup-operator-certificate", *given)["rules"]

    assert settings(*given) == {"AUP_CERTIFICATE_SECRET": "own", "AUP_CERTIFICATE_LIFETIME": "604800"}
    assert volume["secret"]["secretName"] == "own"
    assert named["resourceNames"] == ["own"]


def test_a_certificate_that_the_user_brings_is_nobody_elses_to_make() -> None:
    """Its authority stands in the configuration."""
    assert trust(BROUGHT) == [BUNDLE, BUNDLE]
    assert settings(BROUGHT) == {}
    assert not kinds(BROUGHT) & {"Certificate", "Issuer"}


def test_cert_manager_makes_the_certificate_with_an_authority_of_its_own() -> None:
    """And puts the authority into the configuration, which says where from."""
    certificate = one("Certificate", "aup-webhook", CERT_MANAGER)["spec"]
    authority = one("Certificate", "aup-webhook-authority", CERT_MANAGER)["spec"]

    assert trust(CERT_MANAGER) == [None, None]
    assert annotations(CERT_MANAGER) == {ANNOTATION: f"{NAMESPACE}/aup-webhook"}
    assert settings(CERT_MANAGER) == {}
    assert (certificate["secretName"], certificate["duration"]) == ("aup-webhook-tls", "2160h")
    assert certificate["dnsNames"] == [f"aup-webhook.{NAMESPACE}.svc"]
    assert certificate["issuerRef"] == {"name": "aup-webhook"}
    assert one("Issuer", "aup-webhook", CERT_MANAGER)["spec"] == {"ca": {"secretName": authority["secretName"]}}
    assert one("Issuer", authority["issuerRef"]["name"], CERT_MANAGER)["spec"] == {"selfSigned": {}}
    assert authority["isCA"] is True


def test_cert_manager_can_be_given_an_issuer() -> None:
    """Then the chart brings none."""
    own = {"name": "company", "kind": "ClusterIssuer", "group": "cert-manager.io"}
    given = (CERT_MANAGER, *(f"webhook.tls.issuerRef.{key}={value}" for key, value in own.items()))

    assert one("Certificate", "aup-webhook", *given)["spec"]["issuerRef"] == own
    assert "Issuer" not in kinds(*given)


def test_where_the_api_server_has_files_the_user_brings_the_certificate() -> None:
    """Nobody in the cluster can change whom it trusts, so neither the operator nor cert-manager is told to."""
    files = ("cluster.tenant=customer", "provider.users[0]=ada", "controlPlane.files=true")

    assert settings(*files) == {}
    assert "aup-operator-certificate" not in {each["metadata"]["name"] for each in render(*files)}
    assert "controlPlane.files has the webhook's configuration in files" in template(*files, CERT_MANAGER).stderr


@pytest.mark.parametrize(
    ("values", "said", "step"),
    [
        (
            ["webhook.tls.mode=existingSecret"],
            "webhook.tls.caBundle is not set, so the API server could not trust the webhook",
            '--set webhook.tls.caBundle="$(base64 -w0 < ca.crt)"',
        ),
        (
            ["webhook.tls.mode=existingSecret", "webhook.tls.caBundle=bm9uc2Vuc2U="],
            "webhook.tls.caBundle is not a PEM certificate in base64",
            '--set webhook.tls.caBundle="$(base64 -w0 < ca.crt)"',
        ),
        (
            [f"webhook.tls.caBundle={BUNDLE}"],
            "webhook.tls.caBundle is set, and webhook.tls.mode is selfSigned",
            "--set webhook.tls.mode=existingSecret",
        ),
        (
            [CERT_MANAGER, f"webhook.tls.caBundle={BUNDLE}"],
            "webhook.tls.caBundle is set, and webhook.tls.mode is certManager",
            "--set webhook.tls.mode=existingSecret",
        ),
        (
            ["webhook.tls.issuerRef.name=company"],
            "webhook.tls.issuerRef is set, and webhook.tls.mode is selfSigned",
            "--set webhook.tls.mode=certManager",
        ),
        (
            [BROUGHT, "webhook.tls.issuerRef.name=company"],
            "webhook.tls.issuerRef is set, and webhook.tls.mode is existingSecret",
            "--set webhook.tls.mode=certManager",
        ),
    ],
)
def test_values_that_do_not_go_together_are_refused_with_the_next_step(values: list[str], said: str, step: str) -> None:
    """Rather than ignored, or found out when a tenant is refused."""
    done = template(*values)

    assert done.returncode != 0
    assert said in done.stderr
    assert step in done.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("webhook.tls.mode=selfsigned", "/webhook/tls/mode"),
        ("webhook.tls.days=0", "/webhook/tls/days"),
        ("webhook.tls.issuerRef.kind=Issuer", "/webhook/tls/issuerRef"),
        ("webhook.tls.issuerRef.names=company", "/webhook/tls/issuerRef"),
    ],
)
def test_a_typo_is_refused(value: str, said: str) -> None:
    """With its place."""
    done = template(value)

    assert done.returncode != 0
    assert said in done.stderr
