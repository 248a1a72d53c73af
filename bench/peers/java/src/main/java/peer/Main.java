package peer;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientTransportFilter;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The conformance suite's client on grpc-java itself: calls at a steady rate, a line of JSON each 200 ms
 * (conformance/README.md). Names are asked of the system's resolver, as grpc-java has no other by itself.
 */
public final class Main {
  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
          return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException fault) {
            throw new UncheckedIOException(fault);
          }
        }
      };

  private static final MethodDescriptor<byte[], byte[]> SAY_HELLO =
      MethodDescriptor.newBuilder(BYTES, BYTES)
          .setType(MethodType.UNARY)
          .setFullMethodName("lbscope.greeter.v1.Greeter/SayHello")
          .build();

  private static final class Counts {
    private Map<String, Integer> answers = new TreeMap<>();
    private Map<String, Integer> errors = new TreeMap<>();
    private Map<String, String> said = new TreeMap<>();

    synchronized void answered(String pod) {
      answers.merge(pod, 1, Integer::sum);
    }

    synchronized void failed(Status status) {
      String code = String.valueOf(status.getCode().value());
      errors.merge(code, 1, Integer::sum);
      said.put(code, String.valueOf(status.getDescription()));
    }

    synchronized String frame() {
      StringBuilder line = new StringBuilder("{\"t\":\"frame\",\"at\":" + System.currentTimeMillis());
      line.append(",\"answers\":").append(json(answers));
      line.append(",\"errors\":").append(json(errors));
      line.append(",\"said\":").append(json(said)).append('}');
      answers = new TreeMap<>();
      errors = new TreeMap<>();
      said = new TreeMap<>();
      return line.toString();
    }
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> given = new HashMap<>();
    for (int n = 0; n + 1 < args.length; n += 2) given.put(args[n].replaceFirst("^-+", ""), args[n + 1]);
    int rate = Integer.parseInt(given.getOrDefault("rate", "50"));
    int deadline = Integer.parseInt(given.getOrDefault("deadline", "2000"));

    ManagedChannel channel =
        NettyChannelBuilder.forTarget("dns:///" + given.get("target"))
            .usePlaintext()
            .defaultLoadBalancingPolicy(given.getOrDefault("policy", "round_robin"))
            .addTransportFilter(
                new ClientTransportFilter() {
                  @Override
                  public Attributes transportReady(Attributes attributes) {
                    String address = String.valueOf(attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
                    say("{\"t\":\"connected\",\"at\":" + System.currentTimeMillis()
                        + ",\"address\":" + quoted(address.replaceFirst("^.*/", "")) + "}");
                    return attributes;
                  }
                })
            .build();
    String version = ManagedChannel.class.getPackage().getImplementationVersion();
    say("{\"t\":\"client\",\"name\":\"grpc-java\",\"version\":" + quoted(given.getOrDefault("version", String.valueOf(version)))
        + "}");

    // A line of input begins it; it ends with its input.
    if (System.in.read() < 0) return;
    Counts counts = new Counts();
    ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
    timer.scheduleAtFixedRate(() -> say(counts.frame()), 200, 200, TimeUnit.MILLISECONDS);
    timer.scheduleAtFixedRate(() -> call(channel, counts, deadline), 0, 1_000_000L / rate, TimeUnit.MICROSECONDS);
    while (System.in.read() >= 0) {}
    Runtime.getRuntime().halt(0);
  }

  private static void call(Channel channel, Counts counts, int deadline) {
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(deadline, TimeUnit.MILLISECONDS);
    ClientCalls.asyncUnaryCall(
        channel.newCall(SAY_HELLO, options),
        new byte[0],
        new StreamObserver<byte[]>() {
          @Override
          public void onNext(byte[] answer) {
            counts.answered(podName(answer));
          }

          @Override
          public void onError(Throwable error) {
            counts.failed(Status.fromThrowable(error));
          }

          @Override
          public void onCompleted() {}
        });
  }

  /** SayHelloResponse.pod.name: field 2 of field 1. */
  private static String podName(byte[] answer) {
    return new String(field(field(answer, 1), 2), StandardCharsets.UTF_8);
  }

  private static byte[] field(byte[] message, int wanted) {
    int[] at = {0};
    while (at[0] < message.length) {
      long tag = varint(message, at);
      int kind = (int) (tag & 7);
      if (kind == 2) {
        int length = (int) varint(message, at);
        if (tag >> 3 == wanted) return Arrays.copyOfRange(message, at[0], at[0] + length);
        at[0] += length;
      } else if (kind == 0) {
        varint(message, at);
      } else {
        at[0] += kind == 1 ? 8 : 4;
      }
    }
    return new byte[0];
  }

  private static long varint(byte[] message, int[] at) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = message[at[0]++];
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) return value;
    }
  }

  private static synchronized void say(String line) {
    System.out.println(line);
  }

  private static String json(Map<String, ?> map) {
    List<String> parts =
        map.entrySet().stream()
            .map(e -> quoted(e.getKey()) + ":" + (e.getValue() instanceof Integer n ? n.toString() : quoted(String.valueOf(e.getValue()))))
            .toList();
    return "{" + String.join(",", parts) + "}";
  }

  private static String quoted(String text) {
    return '"' + text.replaceAll("[\\\\\"\\p{Cntrl}]", "'") + '"';
  }
}
