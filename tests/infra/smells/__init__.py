"""The static check: what in the sources of a suite breaks in parallel, or in another order.

Source text in, findings out; nothing here runs or imports what it reads.  `analysis` is the way
in, `rules` the table of what is looked for; printing is left to `commands.check`.
"""
