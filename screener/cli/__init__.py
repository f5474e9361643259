"""The command line: the only floor that may ask for today's date."""
