"""The validating webhook: HTTPS for admission reviews, a plain port for health and metrics."""
