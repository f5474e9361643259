"""Rules as data: the model, the strict YAML reader and the loader."""
