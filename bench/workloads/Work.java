import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Recursion, a HashMap with string keys, and sort with a comparator. */
public class Work {
  private static long seed = 42;

  static int fibonacci(int n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
  }

  static int random(int limit) {
    seed = seed * 16807 % 2147483647;
    return (int) (seed % limit);
  }

  public static void main(String[] arguments) {
    int rounds = Integer.parseInt(arguments[0]);
    long sum = 0;
    for (int round = 0; round < rounds; round++) {
      sum += fibonacci(27);
      Map<String, Integer> counts = new HashMap<>();
      for (int i = 0; i < 40000; i++) {
        counts.merge("key " + random(4000), i, Integer::sum);
      }
      List<Map.Entry<String, Integer>> sorted = new ArrayList<>(counts.entrySet());
      sorted.sort((a, b) -> a.getValue().equals(b.getValue()) ? a.getKey().compareTo(b.getKey())
          : Integer.compare(b.getValue(), a.getValue()));
      sum += sorted.get(0).getValue() + sorted.size();
    }
    System.out.println(sum);
  }
}
