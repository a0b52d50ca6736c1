import contextlib
import hashlib
import sqlite3


@contextlib.contextmanager
def opened(path):
    connection = sqlite3.connect(path, timeout=20)
    connection.execute(
        "create table if not exists people (name text unique, hash text, about text)"
    )
    connection.commit()
    try:
        yield connection
    finally:
        connection.close()


def hashed(name, password):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), name.encode(), 40_000).hex()


def signup(connection, name, password):
    row = (name, hashed(name, password))
    connection.execute("insert into people values (?, ?, '')", row)
    connection.commit()


def may_login(connection, name, password):
    query = "select count(*) from people where name = ? and hash = ?"
    return connection.execute(query, (name, hashed(name, password))).fetchone()[0] == 1


def remove(connection, name):
    connection.execute("delete from people where name = ?", (name,))
    connection.commit()


def about(connection, name):
    return connection.execute("select about from people where name = ?", (name,)).fetchone()[0]


def describe(connection, name, text):
    connection.execute("update people set about = ? where name = ?", (text, name))
    connection.commit()


def names(connection):
    return [row[0] for row in connection.execute("select name from people order by name")]
