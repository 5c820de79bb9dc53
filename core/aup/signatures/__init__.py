"""Signatures as data: one YAML file a subject, each entry with what it is evidence of, strength and source."""
