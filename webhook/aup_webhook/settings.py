"""The settings, read by `aup.environment`."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the webhook runs.

    Args:
        host: Address to bind both ports to.
        port: HTTPS port for admission reviews; 0 picks a free one.
        plain_port: HTTP port for `/livez`, `/readyz` and `/metrics`; 0 picks a free one.
        tls_cert: Path of the PEM certificate chain.
        tls_key: Path of its PEM key.
        cluster_tenant: The Tenant for which aup is installed, where one has the whole cluster; empty for none.
        provider_namespaces: Namespaces that are no tenant's beside the system's, by name, with commas between.
        max_body_bytes: Largest review accepted. Kubernetes takes objects of up to 3 MiB, and an UPDATE carries two.
        drain_seconds: How long to go on serving after SIGTERM, until the cluster has stopped sending.
        log_level: debug, info, warning or error.
    """

    host: str = "127.0.0.1"
    port: int = 8443
    plain_port: int = 8080
    tls_cert: str
    tls_key: str
    cluster_tenant: str = ""
    provider_namespaces: str = ""
    max_body_bytes: int = 8 * 2**20
    drain_seconds: float = 0
    log_level: str = "info"
