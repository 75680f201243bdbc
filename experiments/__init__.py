"""One question a file; ``python -m experiments`` runs them."""
