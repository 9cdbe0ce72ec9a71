"""What an artist touches: preferences, operators, menus."""
