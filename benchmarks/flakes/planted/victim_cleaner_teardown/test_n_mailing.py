from app import mailing


class TestMailing:
    def setup_method(self):
        mailing.outbox.clear()

    def teardown_method(self):
        mailing.outbox.clear()

    def test_one(self):
        mailing.send("zoe@example.test", "hi")
        assert mailing.sent_to("zoe") == ["hi"]

    def test_many(self):
        for number in range(3):
            mailing.send("zoe@example.test", str(number))
        assert len(mailing.outbox) == 3
