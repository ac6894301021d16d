"""The HTML pages: server-rendered, readable without scripts."""
