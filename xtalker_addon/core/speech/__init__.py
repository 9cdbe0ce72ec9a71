"""Sound and its envelope."""
