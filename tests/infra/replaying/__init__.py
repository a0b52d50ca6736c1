"""A recorded run again: the process that starts it, and what its processes then do.

What is recorded is told by `schedules`, where it lies by `shelf`.
"""
