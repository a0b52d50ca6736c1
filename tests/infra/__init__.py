"""Parallel test infrastructure; it knows nothing of the system under test.

Load it with `pytest_plugins` in a conftest or with `pytest -p`; `DESIGN.md` beside this file
says how the modules fit together.
"""
