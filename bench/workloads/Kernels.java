import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

/** Kernels for java: Kernels NAME SIZE. */
public class Kernels {
  private static long seed = 42;

  static int random(int limit) {
    seed = seed * 16807 % 2147483647;
    return (int) (seed % limit);
  }

  static int fibonacci(int n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
  }

  static long recursion(int size) {
    long sum = 0;
    for (int round = 0; round < size; round++) {
      sum += fibonacci(27);
    }
    return sum;
  }

  static long maps(int size) {
    Map<String, Long> counts = new HashMap<>();
    for (int i = 0; i < size * 10000; i++) {
      counts.merge("key " + random(5000), (long) i, Long::sum);
    }
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  static long sorting(int size) {
    long sum = 0;
    for (int round = 0; round < size; round++) {
      Integer[] list = new Integer[5000];
      Arrays.setAll(list, i -> random(1000000));
      Arrays.sort(list, Comparator.naturalOrder());
      sum += list[0] + list[4999];
    }
    return sum;
  }

  static long strings(int size) {
    long sum = 0;
    for (int round = 1; round <= size; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 500; i++) {
        text.append("item ").append(i * round).append(';');
      }
      for (String word : text.toString().split(";")) {
        sum += word.length();
      }
      sum += text.toString().replace("item", "thing").toUpperCase().length();
    }
    return sum;
  }

  record Node(Node left, Node right) {}

  static Node tree(int depth) {
    return depth == 0 ? new Node(null, null) : new Node(tree(depth - 1), tree(depth - 1));
  }

  static int count(Node node) {
    return node.left() == null ? 1 : 1 + count(node.left()) + count(node.right());
  }

  static long allocation(int size) {
    long sum = 0;
    for (int round = 0; round < size; round++) {
      sum += count(tree(14));
    }
    return sum;
  }

  public static void main(String[] arguments) {
    int size = Integer.parseInt(arguments[1]);
    long result =
        switch (arguments[0]) {
          case "recursion" -> recursion(size);
          case "maps" -> maps(size);
          case "sorting" -> sorting(size);
          case "strings" -> strings(size);
          case "allocation" -> allocation(size);
          default -> throw new IllegalArgumentException(arguments[0]);
        };
    System.out.println(result);
  }
}
