"""The policy engine: pure decisions on Kubernetes objects, the rules, and the command `aup`."""
