"""The settings, read by `aup.environment`."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the operator runs.

    Args:
        namespace: The operator's own namespace, which is never suspended.
        host: Address to bind the health and metrics ports to.
        health_port: HTTP port of kopf's liveness endpoint `/healthz`.
        metrics_port: HTTP port of `/metrics`; 0 for none.
        policy_file: An AcceptableUsePolicy in YAML to create where it is missing; empty for none.
        resync_seconds: How often everything is looked at again even if nothing seemed to change.
        audit_interval: Seconds between audits of what tenants have stored, where no change asks for one sooner.
        brake_tenants: Tenants that may be suspended within an hour before a second person has to approve; 0 for any.
        connections: Calls to the API server at once.
        log_level: debug, info, warning or error.
    """

    namespace: str = "aup-system"
    host: str = "127.0.0.1"
    health_port: int = 8081
    metrics_port: int = 0
    policy_file: str = ""
    resync_seconds: float = 10
    audit_interval: float = 600
    brake_tenants: int = 10
    connections: int = 8
    log_level: str = "info"
