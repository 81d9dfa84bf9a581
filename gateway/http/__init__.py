"""HTTP/1.1 as the gateway serves it: connections, requests as they arrive, answers as they leave."""
