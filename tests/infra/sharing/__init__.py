"""What the workers of a run, and the runs of a machine, share or must not share.

`once_per_run` makes a fixture that one process sets up for all workers; `register_remover` tells
how things of a kind are removed that outlive the process which made them.
"""

from .once import Run, once_per_run
from .removal import register_remover

__all__ = ["Run", "once_per_run", "register_remover"]
