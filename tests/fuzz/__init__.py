"""Coverage-guided fuzzing of what takes bytes from outside: `python -m tests.fuzz --runs 1000000`."""
