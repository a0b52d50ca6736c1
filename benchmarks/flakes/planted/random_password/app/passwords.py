import secrets
import string

LETTERS = string.ascii_letters + string.digits


def generate(length=8, alphabet=LETTERS):
    return "".join(secrets.choice(alphabet) for _ in range(length))


def strength(password):
    kinds = (str.islower, str.isupper, str.isdigit)
    return sum(any(kind(letter) for letter in password) for kind in kinds)
