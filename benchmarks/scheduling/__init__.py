"""What the scheduler costs and gains, one module a question; `scheduler.py` runs them."""
