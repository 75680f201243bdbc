"""The claims: the engine, and one file for each family of theorems."""
