"""Suites to predict, and what a prediction is compared with."""
