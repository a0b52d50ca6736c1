import sqlite3


def connect(path):
    connection = sqlite3.connect(path)
    connection.execute("create table users (id integer primary key, name text unique)")
    connection.commit()
    return connection


def count(connection):
    return connection.execute("select count(*) from users").fetchone()[0]


def insert(connection, name):
    return connection.execute("insert or ignore into users (name) values (?)", (name,)).rowcount


def add(connection, name):
    insert(connection, name)
    connection.commit()
