"""The worker count and the lane widths with which a suite runs soonest.

A few runs calibrate a `model`, which predicts all others with the dispatcher itself on a machine
whose processors are `sharing`; `candidates` picks those worth a real run, `campaign` makes these,
one at a time; `results` and `advice` say what they show, `ini_edit` writes it down.
"""
