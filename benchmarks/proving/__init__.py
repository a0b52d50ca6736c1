"""The randomised proof of the scheduler: suites from a seed, runs of them, and their check."""
