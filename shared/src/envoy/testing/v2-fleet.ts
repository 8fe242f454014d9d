// A fleet in the syntax of 2018, with many of the constructs that changed since and nothing that has no successor.
import { CERTIFICATE, KEY } from '../checks/testing/certificates.ts'

export const V2_FLEET = `
listeners:
- name: l
  address: { socket_address: { address: 0.0.0.0, port_value: 80 } }
  filter_chains:
  - tls_context: { common_tls_context: { tls_certificates: [ { certificate_chain: { inline_string: ${JSON.stringify(CERTIFICATE)} }, private_key: { inline_string: ${JSON.stringify(KEY)} } } ] } }
    filters:
    - name: envoy.http_connection_manager
      config:
        codec_type: auto
        stat_prefix: s
        idle_timeout: 1s
        tracing: { request_headers_for_tags: [a] }
        access_log: [ { name: envoy.file_access_log, config: { path: /dev/null } } ]
        route_config:
          name: r
          virtual_hosts:
          - name: v
            domains: ["*"]
            cors: { allow_origin: [a], allow_origin_regex: [b], enabled: true }
            virtual_clusters: [ { pattern: /a, method: GET, name: x } ]
            per_filter_config: { envoy.buffer: { disabled: true } }
            routes:
            - match: { regex: /a, runtime: { default_value: 1, runtime_key: k }, headers: [ { name: h, value: x, regex: true } ] }
              route: { weighted_clusters: { clusters: [ { name: c, weight: 1 } ] }, use_websocket: true, request_mirror_policy: { cluster: c, runtime_key: k }, host_rewrite: h }
        http_filters:
        - { name: envoy.gzip, config: { memory_level: 3, content_type: [a] } }
        - { name: envoy.fault, config: { delay: { fixed_delay: 1s, percent: 10 }, abort: { http_status: 503, percent: 1 } } }
        - { name: envoy.router, config: {} }
- name: t
  address: { pipe: { path: /s } }
  filter_chains: [ { filters: [ { name: envoy.tcp_proxy, config: { stat_prefix: s, deprecated_v1: { routes: [ { cluster: c } ] } } } ] } ]
clusters:
- name: c
  hosts: [ { socket_address: { address: 127.0.0.1, port_value: 1 } } ]
  health_checks: [ { timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: { path: /, service_name: s, use_http2: true } } ]
  lb_policy: round_robin
- name: o
  type: original_dst
  lb_policy: original_dst_lb
- name: d
  type: EDS
  eds_cluster_config: { eds_config: { api_config_source: { api_type: GRPC, cluster_names: [c] } } }
  tls_context: { sni: a }
`
