"""Suites whose failures come and go, for the benchmark of `--replay`."""
