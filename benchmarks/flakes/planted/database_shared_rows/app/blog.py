import hashlib
import sqlite3


def connect(path):
    connection = sqlite3.connect(path, timeout=20)
    connection.execute("create table if not exists posts (id integer primary key, title, etag)")
    connection.commit()
    return connection


def clear(connection):
    connection.execute("delete from posts")
    connection.commit()


def publish(connection, title):
    etag = hashlib.pbkdf2_hmac("sha256", title.encode(), b"blog", 10_000).hex()
    connection.execute("insert into posts (title, etag) values (?, ?)", (title, etag))
    connection.commit()


def titles(connection):
    return [row[0] for row in connection.execute("select title from posts order by id")]
