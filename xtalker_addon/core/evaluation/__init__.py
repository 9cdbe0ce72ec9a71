"""Is this prediction better than that one? Metrics of talking faces, each variant under a name of its own."""
