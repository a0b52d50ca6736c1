def number(names):
    return {name: number for number, name in enumerate(set(names), 1)}


def number_in_order(names):
    return {name: number for number, name in enumerate(dict.fromkeys(names), 1)}


def badge(numbers, name):
    return f"{numbers[name]:02} {name}"
