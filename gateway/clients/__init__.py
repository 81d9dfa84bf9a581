"""The only code that opens a socket outwards: one package a legacy system, models out, `UpstreamError` out."""
