"""The hunt: runs chosen to make flaky tests fail, and experiments that tell why they do.

What pytest does in such a run is in `forkserver` and `forked`; here is what is asked and concluded.
"""
