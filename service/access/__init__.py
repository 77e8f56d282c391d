"""Who may see and do what. Everything here is data and pure functions.

It refuses to touch the database: `service.reading` and `service.permits` turn
these conditions into SQL.
"""
