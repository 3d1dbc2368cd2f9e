# needs: java javac
# Threads of a JIT runtime, which compiles while they run.
cat >Hello.java <<'END'
public class Hello {
  public static void main(String[] arguments) throws Exception {
    Thread[] threads = new Thread[16];
    long[] results = new long[16];
    for (int i = 0; i < 16; i++) {
      final int number = i;
      threads[i] = new Thread(() -> {
        long sum = 0;
        for (int j = 0; j < 3000000; j++) sum += j * number;
        results[number] = sum;
      });
      threads[i].start();
    }
    long total = 0;
    for (int i = 0; i < 16; i++) {
      threads[i].join();
      total += results[i];
    }
    System.out.println("total " + total);
  }
}
END
[ -f /tmp/weft-java-classes/Hello.class ] || javac -d /tmp/weft-java-classes Hello.java
java -cp /tmp/weft-java-classes Hello
