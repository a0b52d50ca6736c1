class Season:
    sale = False
    members_week = False


def price(amount, *, member=False):
    if member and Season.sale and Season.members_week:
        return amount // 2
    return amount
