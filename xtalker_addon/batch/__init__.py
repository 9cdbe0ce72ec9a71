"""Many sequences: plan, run, record."""
