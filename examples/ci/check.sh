#!/usr/bin/env bash
# For any other CI: the exit code fails the job, and the report is kept as JSON.
set -euo pipefail

aup check -o json --output-file aup.json manifests
helm template shop ./chart | aup check -n shop -
kustomize build overlays/production | aup check -n shop -
