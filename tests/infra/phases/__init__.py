"""From a sequential suite to a parallel one, in phases whose gates pass or fail.

What is asked for on the command line and printed is in `commands/phase`.
"""
