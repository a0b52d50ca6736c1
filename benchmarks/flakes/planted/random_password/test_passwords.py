import string

from app import passwords


class TestPasswords:
    def test_password_has_a_length(self):
        assert len(passwords.generate(12)) == 12

    def test_password_has_a_digit(self):
        assert any(letter.isdigit() for letter in passwords.generate())

    def test_only_allowed_letters(self):
        assert set(passwords.generate(50, "ab")) <= {"a", "b"}

    def test_long_passwords_differ(self):
        assert passwords.generate(30) != passwords.generate(30)

    def test_digits_only(self):
        assert passwords.generate(6, string.digits).isdigit()


class TestStrength:
    def test_weak(self):
        assert passwords.strength("abc") == 1

    def test_strong(self):
        assert passwords.strength("aB3") == 3
