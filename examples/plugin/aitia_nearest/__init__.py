"""A system for aitia in a package of its own."""
