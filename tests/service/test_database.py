"""What a database URL may say; connecting is seen wherever tests have a database."""

import pytest

from service.database import credentials
from service.errors import Invalid


def test_a_url_names_host_user_password_database_and_encryption() -> None:
    assert credentials("postgresql://u:p%40ss@h:6000/d?sslmode=require") == {
        "host": "h",
        "port": 6000,
        "user": "u",
        "password": "p@ss",
        "database": "d",
        "ssl": "require",
    }


def test_a_socket_folder_and_its_port_may_stand_in_the_options() -> None:
    found = credentials("postgres://u@/d?host=/run/here&port=6000")
    assert (found["host"], found["port"]) == ("/run/here", 6000)


def test_an_option_that_is_not_known_is_named_with_those_that_are() -> None:
    with pytest.raises(Invalid) as refusal:
        credentials("postgresql://u:secret@h/d?sslrootcert=x")
    assert refusal.value.message == (
        "CADRE_DATABASE_URL has the option sslrootcert; it may have host, port, sslmode."
    )
