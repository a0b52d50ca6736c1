"""How to write tests that run in parallel: `test_*.py` do, `bad_*.py` are what not to write.

`docs/parallel-safe-tests.md` quotes them; `tests/test_infra/test_docs.py` shows what is wrong with
the bad ones, which no run collects by itself.
"""
