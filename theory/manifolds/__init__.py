"""Weight manifolds: metric, exponential map, projection, Riemannian derivatives from Euclidean ones."""
