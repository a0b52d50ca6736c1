import pytest

from tests.infra.database_url import DatabaseUrl

SOCKET = "postgresql:///postgres?host=/run/postgresql"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:secret@h/d", "postgresql://u:***@h/d"),
        ("postgresql+asyncpg://u:secret@h:1,i:2/d", "postgresql+asyncpg://u:***@h:1,i:2/d"),
        ("postgresql://u:se/c@ret@h/d", "postgresql://u:***@h/d"),
        ("mysql://u:secret@h/d", "mysql://u:***@h/d"),
        ("postgresql://h/d?a=1&password=secret&b=2", "postgresql://h/d?a=1&password=***&b=2"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        (SOCKET, SOCKET),
    ],
)
def test_password_is_hidden(text: str, shown: str) -> None:
    url = DatabaseUrl(text)

    assert url.mask() == shown
    assert repr(url) == repr(shown)
    assert url == text


@pytest.mark.parametrize(
    ("text", "pointed"),
    [
        ("postgres://u:p@h:5432/d", "postgresql://u:p@h:5432/new"),
        ("postgresql://h", "postgresql://h/new"),
        ("postgresql+psycopg://[::1]:5/d?sslmode=require", None),
        ("postgresql://h/d?dbname=other&sslmode=require", "postgresql://h/new?sslmode=require"),
        (SOCKET, "postgresql:///new?host=/run/postgresql"),
    ],
)
def test_points_at_another_database(text: str, pointed: str | None) -> None:
    expected = pointed or "postgresql+psycopg://[::1]:5/new?sslmode=require"

    assert DatabaseUrl(text).point_at("new") == expected


@pytest.mark.parametrize("driver", ["", "psycopg"])
def test_driver_is_exchanged(driver: str) -> None:
    url = DatabaseUrl("postgresql+asyncpg://h/d")

    scheme = f"postgresql+{driver}" if driver else "postgresql"
    assert url.point_at("d", driver=driver) == f"{scheme}://h/d"


def test_odd_names_are_escaped_and_come_back() -> None:
    url = DatabaseUrl("postgresql://h/d").point_at("a/b c")

    assert url == "postgresql://h/a%2Fb%20c"
    assert url.get_database() == "a/b c"


@pytest.mark.parametrize("text", ["mysql://h/d", "host=h dbname=d", "postgresql:/h", "sqlite:///x"])
def test_others_are_no_servers(text: str) -> None:
    assert not DatabaseUrl(text).is_server()
    with pytest.raises(ValueError, match=r"^"):
        DatabaseUrl(text).point_at("new")
