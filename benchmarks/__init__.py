"""Measurements that anyone can repeat; each prints a table and writes JSON to benchmarks/results/."""
