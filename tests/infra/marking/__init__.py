"""Which of `unit`, `integration` and `slow` a test is, and how that is written into its source.

`gathering` and `subjects` say what there is, `stopwatch` and `timing` what it takes, `doing` what
it does; `deciding` decides, `placing` and `editing` put the markers into the files.
"""
