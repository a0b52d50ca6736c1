def migrate(connection):
    connection.execute("create table if not exists orders (item text, count integer)")
    connection.commit()


def place(connection, item, count):
    connection.execute("insert into orders values (?, ?)", (item, count))
    connection.commit()


def ordered(connection, item):
    query = "select sum(count) from orders where item = ?"
    return connection.execute(query, (item,)).fetchone()[0] or 0
