"""Many people at once, over HTTP, while the server and the network fail them."""
