from app.invoices import Store, next_id, random_id


def test_each_invoice_is_stored():
    store = Store()
    for amount in (10, 20, 30, 40, 50):
        store.add(amount)
    assert len(store.invoices) == 5


def test_each_numbered_invoice_is_stored():
    store = Store(next_id)
    for amount in range(50):
        store.add(amount)
    assert len(store.invoices) == 50


def test_one_invoice():
    store = Store()
    assert store.invoices == {store.add(5): 5}


def test_id_is_in_range():
    assert 1000 <= random_id() <= 1029


def test_ids_go_up():
    assert next_id() < next_id()


def test_empty_store():
    assert Store().invoices == {}
