"""The edge: HTTP, the GraphQL types and the console.

This room owns shape, names and descriptions. It refuses to query, decide or open transactions.
"""
