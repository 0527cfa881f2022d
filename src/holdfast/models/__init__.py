"""Classifier, generator, tokeniser and perturbation hook, on torch and transformers."""
