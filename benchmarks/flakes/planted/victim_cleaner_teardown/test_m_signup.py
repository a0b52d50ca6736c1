from app import mailing


def test_signup_starts_opted_out(monkeypatch):
    monkeypatch.setattr(mailing, "outbox", [])
    assert mailing.signup("bob") == {"name": "bob", "opted_in": False}


def test_signup_sends_a_mail():
    mailing.signup("ann")
    assert mailing.sent_to("ann")


def test_nobody_got_mail():
    assert mailing.sent_to("nobody") == []
