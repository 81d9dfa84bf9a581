"""HTTP/1.1 towards the legacy systems: whole answers, over connections that are kept; knows nothing of tenants."""
