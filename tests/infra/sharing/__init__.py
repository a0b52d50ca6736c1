"""What tests of several workers, and of several runs, share: each part has modules of its own."""
