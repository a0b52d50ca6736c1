"""The hunt: runs chosen to make flaky tests fail, and experiments that tell why they do.

What pytest does in such a run is in `rehearsal` and `kennel`; here is what is asked and concluded.
"""
