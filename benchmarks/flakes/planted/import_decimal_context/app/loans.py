from decimal import Decimal


def monthly(amount, months):
    return Decimal(amount) / months


def shown(value):
    return f"{value:.2f}"
