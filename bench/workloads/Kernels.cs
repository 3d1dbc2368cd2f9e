using System;
using System.Collections.Generic;
using System.Text;

/// <summary>Kernels for mono: Kernels NAME SIZE.</summary>
public static class Kernels {
  private static long seed = 42;

  private static int Random(int limit) {
    seed = seed * 16807 % 2147483647;
    return (int)(seed % limit);
  }

  private static int Fibonacci(int n) {
    return n < 2 ? n : Fibonacci(n - 1) + Fibonacci(n - 2);
  }

  private static long Recursion(int size) {
    long sum = 0;
    for (int round = 0; round < size; round++) {
      sum += Fibonacci(25);
    }
    return sum;
  }

  private static long Maps(int size) {
    var counts = new Dictionary<string, long>();
    for (int i = 0; i < size * 10000; i++) {
      string key = "key " + Random(5000);
      long old;
      counts.TryGetValue(key, out old);
      counts[key] = old + i;
    }
    long sum = 0;
    foreach (long value in counts.Values) {
      sum += value;
    }
    return sum;
  }

  private static long Sorting(int size) {
    long sum = 0;
    for (int round = 0; round < size; round++) {
      var list = new int[5000];
      for (int i = 0; i < list.Length; i++) {
        list[i] = Random(1000000);
      }
      Array.Sort(list, (a, b) => a.CompareTo(b));
      sum += list[0] + list[4999];
    }
    return sum;
  }

  private static long Strings(int size) {
    long sum = 0;
    for (int round = 1; round <= size; round++) {
      var text = new StringBuilder();
      for (int i = 0; i < 500; i++) {
        text.Append("item ").Append(i * round).Append(';');
      }
      foreach (string word in text.ToString().Split(';')) {
        sum += word.Length;
      }
      sum += text.ToString().Replace("item", "thing").ToUpperInvariant().Length;
    }
    return sum;
  }

  private sealed class Node {
    public readonly Node Left;
    public readonly Node Right;

    public Node(Node left, Node right) {
      Left = left;
      Right = right;
    }
  }

  private static Node Tree(int depth) {
    return depth == 0 ? new Node(null, null) : new Node(Tree(depth - 1), Tree(depth - 1));
  }

  private static int Count(Node node) {
    return node.Left == null ? 1 : 1 + Count(node.Left) + Count(node.Right);
  }

  private static long Allocation(int size) {
    long sum = 0;
    for (int round = 0; round < size; round++) {
      sum += Count(Tree(14));
    }
    return sum;
  }

  public static void Main(string[] arguments) {
    int size = int.Parse(arguments[1]);
    switch (arguments[0]) {
      case "recursion": Console.WriteLine(Recursion(size)); break;
      case "maps": Console.WriteLine(Maps(size)); break;
      case "sorting": Console.WriteLine(Sorting(size)); break;
      case "strings": Console.WriteLine(Strings(size)); break;
      case "allocation": Console.WriteLine(Allocation(size)); break;
      default: throw new ArgumentException(arguments[0]);
    }
  }
}
