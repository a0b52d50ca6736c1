import sqlite3


class Shelf:
    def __init__(self, path):
        self.connection = sqlite3.connect(path, timeout=60)
        self.connection.execute("create table if not exists books (title text unique, pages int)")
        self.connection.commit()

    def add(self, title, pages):
        with self.connection:
            self.connection.execute("insert into books values (?, ?)", (title, pages))

    def titles(self):
        return [row[0] for row in self.connection.execute("select title from books order by title")]

    def pages(self):
        return self.connection.execute("select sum(pages) from books").fetchone()[0] or 0

    def close(self):
        self.connection.close()
