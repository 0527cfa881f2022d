"""The catastrophes that come with the package: one folder each."""
