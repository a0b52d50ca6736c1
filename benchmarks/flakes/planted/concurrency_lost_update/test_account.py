from app.account import Account, run_threads


class TestAccount:
    def test_new_account_is_empty(self):
        assert Account().balance == 0

    def test_deposit(self):
        account = Account()
        account.deposit("5")
        assert account.balance == 5

    def test_deposits_of_two_threads(self):
        account = Account()

        def work():
            for _ in range(50_000):
                account.deposit(1)

        run_threads(2, work)
        assert account.balance == 100_000

    def test_safe_deposits_of_threads(self):
        account = Account()

        def work():
            for _ in range(2_000):
                account.deposit_safely(1)

        run_threads(4, work)
        assert account.balance == 8_000

    def test_one_account_per_thread(self):
        accounts = []

        def work():
            account = Account()
            for _ in range(1_000):
                account.deposit(1)
            accounts.append(account.balance)

        run_threads(3, work)
        assert accounts == [1_000] * 3
