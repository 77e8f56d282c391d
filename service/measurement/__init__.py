"""Measurement: ratings in, estimates with their uncertainty out.

A library of its own: it knows no database, no request, no clock and no randomness without a
seed, and it refuses to tell a number without what that number rests on.
"""
