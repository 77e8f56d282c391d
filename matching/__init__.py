"""Pairing mentees with mentors: plain records in, proposals with proofs out.

Pure and synchronous on purpose. This room refuses to know a database, a clock,
a network or any randomness without a seed.
"""
