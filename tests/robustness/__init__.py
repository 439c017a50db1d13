"""A real listener process under attack, many sockets at once: `python -m tests.robustness --json FILE`."""
