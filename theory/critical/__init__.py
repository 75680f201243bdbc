"""Finding and classifying critical points: generic rules, and one file a model for its own theory."""
