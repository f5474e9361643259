"""Who does the work: an engine is handed the bucket function and calls it once per bucket."""
