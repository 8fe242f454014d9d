package bench;

import static io.envoyproxy.controlplane.cache.Resources.ResourceType.CLUSTER;
import static io.envoyproxy.controlplane.cache.Resources.ResourceType.ENDPOINT;
import static io.envoyproxy.controlplane.cache.Resources.ResourceType.LISTENER;
import static io.envoyproxy.controlplane.cache.Resources.ResourceType.ROUTE;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.protobuf.Message;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.envoyproxy.controlplane.cache.SimpleCache;
import io.envoyproxy.controlplane.server.DefaultExecutorGroup;
import io.envoyproxy.controlplane.server.V3DiscoveryServer;
import io.envoyproxy.controlplane.server.serializer.CachedProtoResourcesSerializer;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;

/** Reference xDS server on java-control-plane with the bench control endpoint. */
public final class Main {
  private static final String GROUP = "bench";
  private final SimpleCache<String, BenchSnapshot> cache = new SimpleCache<>(node -> GROUP) {};
  private BenchSnapshot current = new BenchSnapshot();
  private int clusters;
  private int endpoints;
  private int version;

  public static void main(String[] args) throws Exception {
    int port = args.length > 0 ? Integer.parseInt(args[0]) : 18000;
    int controlPort = args.length > 1 ? Integer.parseInt(args[1]) : 18001;
    Main m = new Main();
    m.reset(0, 0);
    V3DiscoveryServer xds = new V3DiscoveryServer(List.of(), m.cache, new DefaultExecutorGroup(),
        new CachedProtoResourcesSerializer());
    NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
        .maxInboundMessageSize(64 << 20)
        .addService(xds.getAggregatedDiscoveryServiceImpl()).build().start();
    HttpServer http = HttpServer.create(new InetSocketAddress("127.0.0.1", controlPort), 128);
    http.setExecutor(Executors.newFixedThreadPool(8));
    http.createContext("/", m::handle);
    http.start();
    Thread.currentThread().join();
  }

  private void handle(HttpExchange x) throws IOException {
    String out = "{}";
    int code = 200;
    try {
      String body = new String(x.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      JsonObject in = body.isEmpty() ? new JsonObject() : new Gson().fromJson(body, JsonObject.class);
      switch (x.getRequestURI().getPath()) {
        case "/reset" -> reset(in.get("clusters").getAsInt(), in.get("endpoints").getAsInt());
        case "/change" -> change(in.get("kind").getAsString(), in.get("seq").getAsInt(), in.get("index").getAsInt());
        case "/collect" -> System.gc();
        case "/digest" -> out = new Gson().toJson(digest());
        default -> code = 404;
      }
    } catch (RuntimeException e) {
      code = 500;
      out = String.valueOf(e);
    }
    byte[] b = out.getBytes(StandardCharsets.UTF_8);
    x.sendResponseHeaders(code, b.length);
    x.getResponseBody().write(b);
    x.close();
  }

  private synchronized void reset(int c, int e) {
    clusters = c;
    endpoints = e;
    Map<String, Message> cds = new HashMap<>();
    Map<String, Message> eds = new HashMap<>();
    for (int i = 0; i < c; i++) {
      cds.put("bench-" + i, BenchResources.cluster("bench-" + i));
      eds.put("bench-" + i, BenchResources.endpoints(i, e, 0));
    }
    String v = Integer.toString(++version);
    publish(new BenchSnapshot().with(CLUSTER, cds, v).with(ENDPOINT, eds, v)
        .with(LISTENER, Map.of(BenchResources.LISTENER, BenchResources.listener()), v)
        .with(ROUTE, Map.of(BenchResources.ROUTE, BenchResources.routes(c, 0)), v));
  }

  private synchronized void change(String kind, int seq, int index) {
    String v = Integer.toString(++version);
    switch (kind) {
      case "endpoint" -> publish(current.with(ENDPOINT,
          Map.of("bench-" + index, BenchResources.endpoints(index, endpoints, seq)), v));
      case "cluster" -> {
        String n = "bench-new-" + seq;
        publish(current.with(CLUSTER, Map.of(n, BenchResources.cluster(n)), v)
            .with(ENDPOINT, Map.of(n, BenchResources.newEndpoints(seq)), v));
      }
      case "route" -> publish(current.with(ROUTE,
          Map.of(BenchResources.ROUTE, BenchResources.routes(clusters, seq)), v));
      default -> throw new IllegalArgumentException("kind " + kind);
    }
  }

  private void publish(BenchSnapshot s) {
    current = s;
    cache.setSnapshot(GROUP, s);
  }

  private Map<String, String> digest() {
    BenchSnapshot s;
    synchronized (this) {
      s = current;
    }
    return Map.of("cds", digest(s, CLUSTER), "eds", digest(s, ENDPOINT), "lds", digest(s, LISTENER),
        "rds", digest(s, ROUTE));
  }

  private static String digest(BenchSnapshot s, ResourceType t) {
    Hasher h = Hashing.sha256().newHasher();
    new TreeMap<>(s.resources(t)).forEach((name, m) -> h.putString(
        name + "\n" + Hashing.sha256().hashBytes(m.toByteArray()) + "\n", StandardCharsets.UTF_8));
    return h.hash().toString();
  }
}
