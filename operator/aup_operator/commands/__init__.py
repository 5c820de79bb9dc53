"""The abuse desk's commands, one a file, run with the caller's own credentials.

They join the command `aup` through the entry points in `pyproject.toml`. Exit codes: 0 done, 1 refused or not done in
time, 2 the command was written wrongly, 130 ended with Ctrl-C.
"""
