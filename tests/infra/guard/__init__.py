"""The guard: what each test leaves of the process is compared with what it found.

`watch` compares, `resources` lists what is compared, `ledger` credits wide fixtures with what they
change; which hook calls what is left to `guard_side`.
"""
