"""What is deployed beside the server: charts, rendered by the real Helm where it is installed."""
