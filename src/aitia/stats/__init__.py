"""Machinery that several methods share: independence tests, kernels, searches, resampling."""
