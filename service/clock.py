"""The database's clock: the only one that deadlines and days are read from.

It refuses to consult this machine's clock, which may differ from the next machine's.
"""

from datetime import date, datetime

from tortoise import connections


async def today() -> date:
    """The database's date, in UTC."""
    return (await now()).date()


async def now() -> datetime:
    """The database's time at this moment, later than any lock waited for."""
    _, rows = await connections.get("default").execute_query("SELECT clock_timestamp() AS now")
    moment: datetime = rows[0]["now"]
    return moment
