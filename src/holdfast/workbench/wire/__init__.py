"""What travels between the pages (or a bot) and the server: one file a router, every field bounded."""
