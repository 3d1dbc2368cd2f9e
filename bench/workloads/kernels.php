<?php
// Kernels for php: kernels.php NAME SIZE.
final class Node
{
    public function __construct(public ?Node $left, public ?Node $right)
    {
    }
}

function fibonacci(int $n): int
{
    return $n < 2 ? $n : fibonacci($n - 1) + fibonacci($n - 2);
}

function random(int $limit): int
{
    static $seed = 42;
    $seed = $seed * 16807 % 2147483647;
    return $seed % $limit;
}

function tree(int $depth): Node
{
    return $depth === 0 ? new Node(null, null) : new Node(tree($depth - 1), tree($depth - 1));
}

function count_nodes(Node $node): int
{
    return $node->left === null ? 1 : 1 + count_nodes($node->left) + count_nodes($node->right);
}

function recursion(int $size): int
{
    $sum = 0;
    for ($round = 0; $round < $size; $round++) {
        $sum += fibonacci(22);
    }
    return $sum;
}

function maps(int $size): int
{
    $counts = [];
    for ($i = 0; $i < $size * 10000; $i++) {
        $key = 'key ' . random(5000);
        $counts[$key] = ($counts[$key] ?? 0) + $i;
    }
    return array_sum($counts);
}

function sorting(int $size): int
{
    $sum = 0;
    for ($round = 0; $round < $size; $round++) {
        $list = [];
        for ($i = 0; $i < 5000; $i++) {
            $list[] = random(1000000);
        }
        usort($list, fn (int $a, int $b): int => $a <=> $b);
        $sum += $list[0] + $list[4999];
    }
    return $sum;
}

function strings(int $size): int
{
    $sum = 0;
    for ($round = 1; $round <= $size; $round++) {
        $parts = [];
        for ($i = 0; $i < 500; $i++) {
            $parts[] = 'item ' . $i * $round . ';';
        }
        $text = implode('', $parts);
        preg_match_all('/\d+/', $text, $words);
        foreach ($words[0] as $word) {
            $sum += strlen($word);
        }
        $sum += strlen(strtoupper(str_replace('item', 'thing', $text)));
    }
    return $sum;
}

function allocation(int $size): int
{
    $sum = 0;
    for ($round = 0; $round < $size; $round++) {
        $sum += count_nodes(tree(12));
    }
    return $sum;
}

echo match ($argv[1]) {
    'recursion' => recursion((int) $argv[2]),
    'maps' => maps((int) $argv[2]),
    'sorting' => sorting((int) $argv[2]),
    'strings' => strings((int) $argv[2]),
    'allocation' => allocation((int) $argv[2]),
}, "\n";
