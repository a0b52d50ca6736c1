from app import rules


@rules.add
def half_price(price):
    return price / 2


def test_newest_rule_is_the_last_one():
    assert rules.newest() is rules.RULES[-1]


def test_half_price():
    assert half_price(10) == 5


def test_list_price_is_the_first_rule():
    assert rules.RULES[0](7) == 7
