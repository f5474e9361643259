"""Working on rules: load the library, tell its stories, read a rule aloud."""
