"""Tests of the fixtures, one file per module."""
