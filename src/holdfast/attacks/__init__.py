"""Automated attacks, help for attackers, and safe twins. All of them find candidates only."""
