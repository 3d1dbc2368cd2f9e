"""Kernels for pypy3: kernels.py NAME SIZE."""
import re
import sys


class Random:
    def __init__(self):
        self.seed = 42

    def below(self, limit):
        self.seed = self.seed * 16807 % 2147483647
        return self.seed % limit


class Node:
    def __init__(self, left, right):
        self.left = left
        self.right = right


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def tree(depth):
    return Node(None, None) if depth == 0 else Node(tree(depth - 1), tree(depth - 1))


def count(node):
    return 1 if node.left is None else 1 + count(node.left) + count(node.right)


def recursion(size):
    return sum(fibonacci(22) for _ in range(size))


def maps(size):
    random, counts = Random(), {}
    for i in range(size * 10000):
        key = "key %d" % random.below(5000)
        counts[key] = counts.get(key, 0) + i
    return sum(counts.values())


def sorting(size):
    random, total = Random(), 0
    for _ in range(size):
        values = sorted([random.below(1000000) for _ in range(5000)], key=lambda value: -value)
        total += values[0] + values[4999]
    return total


def strings(size):
    total = 0
    for round_number in range(1, size + 1):
        text = "".join(["item %d;" % (i * round_number) for i in range(500)])
        total += sum(len(word) for word in re.findall(r"\d+", text))
        total += len(text.replace("item", "thing").upper())
    return total


def allocation(size):
    return sum(count(tree(12)) for _ in range(size))


KERNELS = {kernel.__name__: kernel for kernel in (recursion, maps, sorting, strings, allocation)}
print(KERNELS[sys.argv[1]](int(sys.argv[2])))
