"""Characters, words and hashes: the bottom of everything."""
