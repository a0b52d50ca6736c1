"""The benchmark of the flake hunt: planted flaky suites, sound ones, and the judge."""
