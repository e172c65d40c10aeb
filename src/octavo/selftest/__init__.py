"""What an engine does on this machine: reads made pages, says whether they came out right, how fast, and what binds."""
