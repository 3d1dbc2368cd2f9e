// Kernels for node: kernels.js NAME SIZE.
const fibonacci = (n) => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2));

let seed = 42;
const random = (n) => (seed = (seed * 16807) % 2147483647) % n;

const tree = (depth) => (depth === 0 ? {} : { left: tree(depth - 1), right: tree(depth - 1) });
const count = (node) => (node.left === undefined ? 1 : 1 + count(node.left) + count(node.right));

const kernels = {
  recursion(size) {
    let sum = 0;
    for (let round = 0; round < size; round++) sum += fibonacci(25);
    return sum;
  },
  maps(size) {
    const counts = new Map();
    for (let i = 0; i < size * 10000; i++) {
      const key = 'key ' + random(5000);
      counts.set(key, (counts.get(key) || 0) + i);
    }
    let sum = 0;
    for (const value of counts.values()) sum += value;
    return sum;
  },
  sorting(size) {
    let sum = 0;
    for (let round = 0; round < size; round++) {
      const list = Array.from({ length: 5000 }, () => random(1000000));
      list.sort((a, b) => a - b);
      sum += list[0] + list[4999];
    }
    return sum;
  },
  strings(size) {
    let sum = 0;
    for (let round = 1; round <= size; round++) {
      const parts = [];
      for (let i = 0; i < 500; i++) parts.push(`item ${i * round};`);
      const text = parts.join('');
      for (const word of text.match(/\d+/g)) sum += word.length;
      sum += text.replace(/item/g, 'thing').toUpperCase().length;
    }
    return sum;
  },
  allocation(size) {
    let sum = 0;
    for (let round = 0; round < size; round++) sum += count(tree(13));
    return sum;
  },
};

console.log(kernels[process.argv[2]](Number(process.argv[3])));
