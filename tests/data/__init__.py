"""Generated inputs that the tests share."""
