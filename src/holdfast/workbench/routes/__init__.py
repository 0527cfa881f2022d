"""The routes: thin; each takes its permission, its body, and one call into the rooms below."""
