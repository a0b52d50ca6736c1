"""Examples that the guides quote, and that run with all other tests."""
