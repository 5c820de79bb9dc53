"""A real Kubernetes control plane on one machine, without containers: for the demo, the cluster tests, the benchmarks.

`tools` lists the programs, `binaries` finds them, `gobuild` builds the missing ones from Go modules, `controlplane`
starts and stops them, `running` keeps the one plane of `python -m testbed up`. Linux only.
"""
