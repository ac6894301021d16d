"""What tests lean on: a PostgreSQL of their own, a house with a clock they set, servers as users start them."""
