// Recursion, a Map with string keys, and sort with a comparison function.
const rounds = Number(process.argv[2]);
const fibonacci = (n) => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));

let seed = 42;
const random = () => (seed = (seed * 16807) % 2147483647);

let sum = 0;
for (let round = 0; round < rounds; round++) {
  sum += fibonacci(25);
  const counts = new Map();
  for (let i = 0; i < 20000; i++) {
    const key = 'key ' + (random() % 4000);
    counts.set(key, (counts.get(key) || 0) + i);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  sum += sorted[0][1] + sorted.length;
}
console.log(sum);
