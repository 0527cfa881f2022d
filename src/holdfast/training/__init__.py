"""Objectives, batch sampling, corpus audit, and the loop that trains classifiers and generators."""
