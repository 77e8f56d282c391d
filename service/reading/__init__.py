"""The one path from tables to answers: a selection, an actor, one SQL statement, JSON.

Row scopes and guarded fields are part of the SQL on every edge. It refuses a model
without access rules and a filter or order by what the actor may not read.
"""
