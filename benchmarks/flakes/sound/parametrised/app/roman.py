NUMERALS = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def to_roman(number):
    if not 0 < number < 4000:
        raise ValueError(number)
    text = ""
    for value, numeral in NUMERALS:
        count, number = divmod(number, value)
        text += numeral * count
    return text


def from_roman(text):
    number = 0
    for value, numeral in NUMERALS:
        while text.startswith(numeral):
            number += value
            text = text[len(numeral) :]
    return number
