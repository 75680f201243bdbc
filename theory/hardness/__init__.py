"""Executable NP-hardness reductions, with brute-force oracles."""
