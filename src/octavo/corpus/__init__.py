"""Many documents to many results: what was written of each, what goes on, what is up to date."""
