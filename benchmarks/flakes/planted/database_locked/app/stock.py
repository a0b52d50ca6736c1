import contextlib
import hashlib
import sqlite3
from pathlib import Path

PATH = Path(__file__).parents[1] / "stock.db"


@contextlib.contextmanager
def opened(path=PATH):
    connection = sqlite3.connect(path, timeout=0.02, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def book(connection, booking, lines):
    connection.execute("begin immediate")
    connection.execute("create table if not exists stock (booking text, line text, seal text)")
    connection.execute("delete from stock where booking = ?", (booking,))
    for line in lines:
        seal = hashlib.pbkdf2_hmac("sha256", line.encode(), b"stock", 8_000).hex()
        connection.execute("insert into stock values (?, ?, ?)", (booking, line, seal))
    connection.execute("commit")


def count(connection, booking):
    query = "select count(*) from stock where booking = ?"
    return connection.execute(query, (booking,)).fetchone()[0]
