"""Files of others, read without trust: pickles, torch checkpoints, pictures."""
