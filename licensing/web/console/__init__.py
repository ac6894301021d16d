"""The console of staff: pages under `/console`, over the same services as the API."""
