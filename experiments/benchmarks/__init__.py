"""Speed measured beside the peers, in one process on one core; run by hand."""
