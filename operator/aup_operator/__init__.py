"""The operator: suspends and restores tenants, and keeps the status of our resources."""
