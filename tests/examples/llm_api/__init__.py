"""A client of a language-model API, its mock, and tests that run against either.

`docs/guide.md` tells how; by default the mock answers, over the loopback interface.
"""
