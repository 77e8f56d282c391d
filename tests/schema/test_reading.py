"""smoke"""

from tests.schema.worlds import Api, ACTORS


async def test_smoke(api: Api) -> None:
    print(
        await api.data(
            "{ missions { totalCount edges { node { id acronym posts { edges { node { title } } } } } } }"
        )
    )
    print(len(api.statements), api.statements[-1])
