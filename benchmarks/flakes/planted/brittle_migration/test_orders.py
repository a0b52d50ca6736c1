import sqlite3

import pytest
from app import orders


class TestMigration:
    def test_migrate(self, database):
        orders.migrate(database)
        assert database.execute("select count(*) from sqlite_master").fetchone()[0] == 1

    def test_migrate_twice(self, fresh_database):
        orders.migrate(fresh_database)
        orders.migrate(fresh_database)
        assert orders.ordered(fresh_database, "tea") == 0


class TestOrders:
    def test_no_table_no_order(self, fresh_database):
        with pytest.raises(sqlite3.OperationalError):
            orders.place(fresh_database, "tea", 1)

    def test_place_an_order(self, database):
        before = orders.ordered(database, "mug")
        orders.place(database, "mug", 2)
        assert orders.ordered(database, "mug") == before + 2

    def test_orders_add_up(self, fresh_database):
        orders.migrate(fresh_database)
        orders.place(fresh_database, "tea", 1)
        orders.place(fresh_database, "tea", 2)
        assert orders.ordered(fresh_database, "tea") == 3
