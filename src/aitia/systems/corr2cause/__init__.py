"""Whether a causal statement follows from correlations: questions with exact labels, and who can answer them."""
