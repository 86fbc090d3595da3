"""Rules that every contract in protos/ has to keep; `make lint` runs each."""
