"""Both readers of tokens, Python and Go, give the same answer to the same case."""
