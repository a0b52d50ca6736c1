"""The tests of this project, and the infrastructure and fixtures that they are made with."""
