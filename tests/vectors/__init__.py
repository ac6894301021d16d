"""The cases that every reader of tokens must answer alike, and the script that makes them."""
