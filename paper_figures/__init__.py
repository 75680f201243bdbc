"""One figure a file, all in one style: ``python -m paper_figures`` renders them, byte for byte the same every time."""
