"""What an artist touches, through the real operators."""
