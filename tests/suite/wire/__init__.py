"""Tools over real HTTPS: what only a connection of their own can show."""
