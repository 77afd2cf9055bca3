"""The label of the nearest row, and what it would be had a column another value for every row."""
