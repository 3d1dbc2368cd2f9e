"""Objects, dictionaries, json and recursion, as an interpreter's everyday work."""
import json
import sys


class Account:
    def __init__(self, name, balance):
        self.name = name
        self.balance = balance
        self.history = []

    def move(self, other, amount):
        if amount > self.balance:
            raise ValueError(self.name)
        self.balance -= amount
        other.balance += amount
        self.history.append((other.name, amount))


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def transfer(rounds):
    accounts = [Account(f"account {i}", 1000) for i in range(200)]
    refused = 0
    seed = 1
    for _ in range(rounds):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        source, target = accounts[seed % 200], accounts[(seed >> 8) % 200]
        try:
            source.move(target, (seed >> 16) % 300)
        except ValueError:
            refused += 1
    return accounts, refused


def main():
    rounds = int(sys.argv[1])
    accounts, refused = transfer(rounds * 20000)
    text = json.dumps([account.__dict__ for account in accounts], sort_keys=True)
    again = json.loads(text)
    counts = {}
    for account in again:
        for name, amount in account["history"]:
            counts[name] = counts.get(name, 0) + amount
    print(refused, len(text), sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:10])
    print(sum(fibonacci(20) for _ in range(rounds)))


main()
