"""The rules: what may happen, to whom, and in which transaction.

This room owns the tables and every access decision. It refuses to know GraphQL or HTTP.
"""
