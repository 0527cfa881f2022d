"""Rules for people and programs that judge: who annotates, what first, when a candidate is verified."""
