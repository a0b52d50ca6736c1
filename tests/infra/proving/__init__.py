"""The proof: a suite run in passes that differ in order and placement, and compared test by test.

`plan` says which passes, `process` runs one, `campaign` all of them; `comparison`, `pairs` and
`proof` say what they show, `rendering` says it in words.
"""
