"""What a suite takes: runs of pytest in one process and on workers, measured and compared.

`specs` says what is run, `runner` runs and measures one, with `tree` and `stopwatch`; `campaign`
says which and how often, `statistics` and `comparison` what they show, `rendering` and `drawing`
say it in words and in a picture.
"""
