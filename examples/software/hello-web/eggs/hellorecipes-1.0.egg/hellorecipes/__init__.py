"""Buildout recipes of the hello-web example, with the standard library alone."""
