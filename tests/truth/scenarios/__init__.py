"""Holds the scenarios that both servers play, one module for each area."""
