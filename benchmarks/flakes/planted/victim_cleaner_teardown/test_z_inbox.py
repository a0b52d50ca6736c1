from app import mailing


def test_nothing_is_sent_before_opting_in():
    assert mailing.outbox == [], "outbox has mails"


def test_text_is_kept(monkeypatch):
    monkeypatch.setattr(mailing, "outbox", [])
    mailing.send("x@example.test", "text")
    assert mailing.outbox == [("x@example.test", "text")]
