import threading

from app.sessions import Sessions


def open_many(sessions, count):
    for number in range(count):
        sessions.open(number, f"user{number % 7}")


def test_no_sessions():
    assert Sessions().names() == set()


def test_names_are_upper_case():
    sessions = Sessions()
    sessions.open(1, "ann")
    assert sessions.names() == {"ANN"}


def test_list_while_sessions_open():
    sessions = Sessions()
    thread = threading.Thread(target=open_many, args=(sessions, 12_000))
    thread.start()
    try:
        while thread.is_alive():
            assert len(sessions.names()) <= 7
    finally:
        thread.join()


def test_safe_list_while_sessions_open():
    sessions = Sessions()
    thread = threading.Thread(target=open_many, args=(sessions, 2_000))
    thread.start()
    seen = [sessions.names_safely() for _ in range(20)]
    thread.join()
    assert all(len(names) <= 7 for names in seen)


def test_list_after_sessions_opened():
    sessions = Sessions()
    thread = threading.Thread(target=open_many, args=(sessions, 100))
    thread.start()
    thread.join()
    assert len(sessions.names()) == 7
