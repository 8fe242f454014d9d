import type { Kind, KubeObject } from '@fleetcast/shared/objects/object'
import { describe, expect, it } from 'vitest'
import { formatPath, keyOf } from './cut.ts'
import { cutObject, kindOf } from './cut-object.ts'

const named = (fields: object = {}, metadata: object = {}): object => ({
  metadata: { name: 'a', namespace: 'shop', ...metadata },
  ...fields,
})
const PEM = '-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n'
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const slice = (fields: object): object => named({ addressType: 'IPv4', ports: [], ...fields })
const endpoint = (fields: object): object => slice({ endpoints: [{ addresses: ['10.0.0.1'], ...fields }] })

function cut(kind: Kind, raw: unknown): { objects: readonly KubeObject[]; mistakes: readonly string[] } {
  const { objects, mistakes } = cutObject({ kind, namespace: 'default', raw })
  return { objects, mistakes: mistakes.map(({ path, message }) => `${formatPath(path)}: ${message}`) }
}

describe('an object is cut down to the fields that are read', () => {
  const cases: readonly [string, Kind, object, object | readonly object[]][] = [
    [
      'Service, all fields',
      'Service',
      named(
        {
          spec: {
            type: 'LoadBalancer',
            clusterIP: '10.96.0.7',
            clusterIPs: ['10.96.0.7', 'fd00::7'],
            ipFamilies: ['IPv4', 'IPv6'],
            selector: { app: 'x' },
            ports: [
              {
                name: 'http',
                port: 80,
                targetPort: 'web',
                protocol: 'TCP',
                appProtocol: 'kubernetes.io/h2c',
                nodePort: 30000,
              },
              { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP' },
            ],
          },
          status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } },
        },
        {
          labels: { b: '2', a: '1' },
          annotations: {
            'kubenvoy.Cluster': 'x',
            'fleetcast.dev/y': 'z',
            'kubectl.kubernetes.io/last-applied-configuration': '{}',
          },
          resourceVersion: '7',
          managedFields: [{}],
        },
      ),
      {
        kind: 'Service',
        namespace: 'shop',
        name: 'a',
        labels: { a: '1', b: '2' },
        annotations: { 'fleetcast.dev/y': 'z', 'kubenvoy.Cluster': 'x' },
        type: 'LoadBalancer',
        headless: false,
        clusterIPs: ['10.96.0.7', 'fd00::7'],
        ipFamilies: ['IPv4', 'IPv6'],
        ports: [
          { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP' },
          { name: 'http', port: 80, targetPort: 'web', protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' },
        ],
      },
    ],
    [
      'Service, nothing but a name, in the namespace of where it stands',
      'Service',
      { metadata: { name: 'a' } },
      {
        kind: 'Service',
        namespace: 'default',
        name: 'a',
        labels: {},
        annotations: {},
        type: 'ClusterIP',
        headless: false,
        clusterIPs: [],
        ipFamilies: [],
        ports: [],
      },
    ],
    [
      'Service, headless, with the family of its address told by the address',
      'Service',
      named({ spec: { clusterIP: 'None', ports: [{ port: 80, targetPort: 0, name: '' }] } }),
      { headless: true, clusterIPs: [], ipFamilies: [], ports: [{ port: 80, protocol: 'TCP' }] },
    ],
    [
      'Service, the family told by the address',
      'Service',
      named({ spec: { clusterIP: 'fd00::1' } }),
      { ipFamilies: ['IPv6'] },
    ],
    [
      'Service of another name',
      'Service',
      named({ spec: { type: 'ExternalName', externalName: 'x.example', ports: null } }),
      { type: 'ExternalName', externalName: 'x.example', ports: [] },
    ],
    [
      'EndpointSlice, all fields',
      'EndpointSlice',
      named(
        {
          addressType: 'IPv4',
          ports: [
            { name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'http' },
            { name: 'admin', port: 9000 },
          ],
          endpoints: [
            { addresses: ['10.0.0.2'], conditions: { ready: false, serving: true, terminating: true } },
            {
              addresses: ['10.0.0.1'],
              conditions: { ready: true },
              nodeName: 'n1',
              zone: 'z1',
              hostname: 'h',
              hints: { forZones: [] },
              targetRef: { kind: 'Pod', namespace: 'shop', name: 'p', uid: 'u' },
            },
          ],
        },
        { labels: { 'kubernetes.io/service-name': 'web' } },
      ),
      {
        kind: 'EndpointSlice',
        namespace: 'shop',
        name: 'a',
        service: 'web',
        addressType: 'IPv4',
        ports: [
          { name: 'admin', port: 9000, protocol: 'TCP' },
          { name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'http' },
        ],
        endpoints: [
          {
            addresses: ['10.0.0.1'],
            ready: true,
            serving: true,
            terminating: false,
            nodeName: 'n1',
            zone: 'z1',
            hostname: 'h',
            target: 'Pod/shop/p',
          },
          { addresses: ['10.0.0.2'], ready: false, serving: true, terminating: true },
        ],
      },
    ],
    [
      'EndpointSlice with nulls',
      'EndpointSlice',
      slice({ ports: null, endpoints: null }),
      { ports: [], endpoints: [] },
    ],
    [
      'conditions that are absent mean ready',
      'EndpointSlice',
      endpoint({}),
      { endpoints: [{ ready: true, serving: true }] },
    ],
    [
      'serving is ready where it is absent',
      'EndpointSlice',
      endpoint({ conditions: { ready: false, serving: null } }),
      { endpoints: [{ ready: false, serving: false }] },
    ],
    [
      'a target without a name is its uid',
      'EndpointSlice',
      endpoint({ targetRef: { uid: 'u' } }),
      { endpoints: [{ target: 'u' }] },
    ],
    [
      'v1beta1 has node and zone elsewhere',
      'EndpointSlice',
      endpoint({ topology: { 'kubernetes.io/hostname': 'n', 'topology.kubernetes.io/zone': 'z' } }),
      { endpoints: [{ nodeName: 'n', zone: 'z' }] },
    ],
    [
      'names as addresses',
      'EndpointSlice',
      named({ addressType: 'FQDN', endpoints: [{ addresses: ['x.example'] }] }),
      { addressType: 'FQDN' },
    ],
    [
      'Endpoints: an object for each subset and family',
      'Endpoints',
      named({
        subsets: [
          {
            addresses: [{ ip: '10.0.0.2' }, { ip: 'fd00::1' }],
            notReadyAddresses: [{ ip: '10.0.0.1', nodeName: 'n' }],
            ports: [{ port: 1 }],
          },
          { addresses: [{ ip: '10.0.0.3', targetRef: { kind: 'Pod', name: 'p' } }], ports: [{ name: 'b', port: 2 }] },
        ],
      }),
      [
        {
          kind: 'Endpoints',
          namespace: 'shop',
          name: 'a',
          service: 'a',
          addressType: 'IPv4',
          ports: [{ port: 1, protocol: 'TCP' }],
          endpoints: [
            { addresses: ['10.0.0.1'], ready: false, serving: false, terminating: false, nodeName: 'n' },
            { addresses: ['10.0.0.2'], ready: true, serving: true, terminating: false },
          ],
        },
        { name: 'a~2', service: 'a', addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'] }] },
        { name: 'a~3', service: 'a', ports: [{ name: 'b', port: 2 }], endpoints: [{ target: 'Pod//p' }] },
      ],
    ],
    ['Endpoints of nothing', 'Endpoints', named({}), [{ name: 'a', endpoints: [] }]],
    [
      'Node',
      'Node',
      { metadata: { name: 'n', labels: { zone: 'z' } }, status: { conditions: [{}] } },
      { kind: 'Node', namespace: '', name: 'n', labels: { zone: 'z' } },
    ],
    [
      'ConfigMap',
      'ConfigMap',
      named(
        { data: { b: '2', a: '1' }, binaryData: { c: 'AA==' } },
        { labels: { 'fleetcast.dev/fleet': 'edge' }, annotations: { x: 'y' } },
      ),
      {
        kind: 'ConfigMap',
        namespace: 'shop',
        name: 'a',
        labels: { 'fleetcast.dev/fleet': 'edge' },
        data: { a: '1', b: '2' },
      },
    ],
    [
      'Secret',
      'Secret',
      named({
        type: 'kubernetes.io/tls',
        data: { 'tls.crt': base64(PEM), 'ca.crt': base64(PEM) },
        stringData: { 'tls.key': PEM },
      }),
      {
        kind: 'Secret',
        namespace: 'shop',
        name: 'a',
        labels: {},
        type: 'kubernetes.io/tls',
        certificate: PEM,
        privateKey: PEM,
        ca: PEM,
      },
    ],
    ['a Secret of another type is passed over', 'Secret', named({ type: 'Opaque', data: { a: 'AA==' } }), []],
  ]
  it.each(cases)('%s', (_name, kind, raw, expected) => {
    const { objects, mistakes } = cut(kind, raw)
    expect(mistakes).toEqual([])
    if (Array.isArray(expected)) expect(objects).toMatchObject(expected)
    else if ('kind' in expected) expect(objects).toEqual([expected])
    else expect(objects).toMatchObject([expected])
  })
})

describe('what is wrong is said with its path, and nothing of the object is used', () => {
  const cases: readonly [string, Kind, unknown, readonly string[]][] = [
    ['no object', 'Service', 'x', [': Invalid input: expected object, received string']],
    ['null', 'Node', null, [': Invalid input: expected object, received null']],
    ['no metadata', 'ConfigMap', {}, ['metadata: Invalid input: expected object, received undefined']],
    ['no name', 'Service', { metadata: {} }, ['metadata.name: Invalid input: expected string, received undefined']],
    [
      'a slash in the name',
      'Node',
      { metadata: { name: 'a/b' } },
      ['metadata.name: must not hold slashes or control characters'],
    ],
    [
      'a namespace that is no name',
      'Service',
      named({}, { namespace: 'a/b' }),
      ['metadata.namespace: must not hold slashes or control characters'],
    ],
    [
      'a label that is no text',
      'Node',
      { metadata: { name: 'a', labels: { a: 1 } } },
      ['metadata.labels.a: Invalid input: expected string, received number'],
    ],
    [
      'a port out of range',
      'Service',
      named({ spec: { ports: [{ port: 80 }, { port: 70000 }] } }),
      ['spec.ports[1].port: is no port'],
    ],
    [
      'a port that is text',
      'Service',
      named({ spec: { ports: [{ port: '80' }] } }),
      ['spec.ports[0].port: Invalid input: expected number, received string'],
    ],
    [
      'an unknown protocol',
      'Service',
      named({ spec: { ports: [{ port: 1, protocol: 'QUIC' }] } }),
      ['spec.ports[0].protocol: Invalid option: expected one of "TCP"|"UDP"|"SCTP"'],
    ],
    [
      'an unknown type',
      'Service',
      named({ spec: { type: 'Magic' } }),
      ['spec.type: Invalid option: expected one of "ClusterIP"|"NodePort"|"LoadBalancer"|"ExternalName"'],
    ],
    [
      'no address type',
      'EndpointSlice',
      named({}),
      ['addressType: Invalid option: expected one of "IPv4"|"IPv6"|"FQDN"'],
    ],
    [
      'an address of another family',
      'EndpointSlice',
      slice({ endpoints: [{ addresses: ['fd00::1'] }] }),
      ['endpoints[0].addresses[0]: is no IPv4 address'],
    ],
    [
      'an address that is a name',
      'EndpointSlice',
      slice({ endpoints: [{ addresses: ['localhost'] }] }),
      ['endpoints[0].addresses[0]: is no IPv4 address'],
    ],
    [
      'an address with a space',
      'EndpointSlice',
      named({ addressType: 'FQDN', endpoints: [{ addresses: ['a b'] }] }),
      ['endpoints[0].addresses[0]: is no FQDN address'],
    ],
    [
      'an endpoint without address',
      'EndpointSlice',
      slice({ endpoints: [{ addresses: [] }, {}] }),
      [
        'endpoints[0].addresses: must be a list with an address',
        'endpoints[1].addresses: must be a list with an address',
      ],
    ],
    [
      'an endpoint that is text',
      'EndpointSlice',
      slice({ endpoints: ['10.0.0.1'] }),
      ['endpoints[0].addresses: must be a list with an address'],
    ],
    [
      'a condition that is text',
      'EndpointSlice',
      endpoint({ conditions: { ready: 'yes' } }),
      ['endpoints[0].conditions.ready: must be true or false'],
    ],
    ['a zone that is a number', 'EndpointSlice', endpoint({ zone: 1 }), ['endpoints[0].zone: must be text']],
    [
      'endpoints that are no list',
      'EndpointSlice',
      slice({ endpoints: {} }),
      ['endpoints: Invalid input: expected array, received object'],
    ],
    [
      'an address of nothing',
      'Endpoints',
      named({ subsets: [{ addresses: [{ ip: 'x' }] }] }),
      ['subsets[0].addresses[0].ip: is no IP address'],
    ],
    [
      'data that is no text',
      'ConfigMap',
      named({ data: { a: 1 } }),
      ['data.a: Invalid input: expected string, received number'],
    ],
    [
      'no certificate',
      'Secret',
      named({ type: 'kubernetes.io/tls', data: { 'tls.key': base64(PEM) } }),
      ['data.tls.crt: is no PEM certificate'],
    ],
    [
      'a key that is none',
      'Secret',
      named({ type: 'kubernetes.io/tls', data: { 'tls.crt': base64(PEM), 'tls.key': 'AAAA' } }),
      ['data.tls.key: is no PEM private key'],
    ],
  ]
  it.each(cases)('%s', (_name, kind, raw, expected) => {
    expect(cut(kind, raw)).toEqual({ objects: [], mistakes: expected })
  })

  it('a mistake made a thousand times is said a few times', () => {
    const endpoints = Array.from({ length: 1_000 }, () => ({ addresses: ['x'] }))
    expect(cut('EndpointSlice', slice({ endpoints })).mistakes).toHaveLength(10)
  })

  it('rule 8: no text of a Secret stands in a mistake', () => {
    const secret = 'hunter2'
    for (const data of [secret, { 'tls.crt': secret }, { 'tls.crt': 1, 'tls.key': [secret] }, { [secret]: {} }]) {
      const { mistakes } = cutObject({ kind: 'Secret', namespace: '', raw: named({ type: 'kubernetes.io/tls', data }) })
      expect(mistakes.length).toBeGreaterThan(0)
      expect(mistakes.map(({ message }) => message).join()).not.toContain(secret)
    }
  })
})

it('order that means nothing makes no difference', () => {
  const one = slice({
    endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'] }],
    ports: [
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ],
  })
  const two = slice({
    endpoints: [{ addresses: ['10.0.0.2'] }, { addresses: ['10.0.0.1'] }],
    ports: [
      { name: 'b', port: 2 },
      { name: 'a', port: 1 },
    ],
  })
  expect(JSON.stringify(cut('EndpointSlice', one))).toBe(JSON.stringify(cut('EndpointSlice', two)))
})

describe('the kind of a manifest', () => {
  const cases: readonly [object | string | null, Kind | undefined][] = [
    [{ apiVersion: 'v1', kind: 'Service' }, 'Service'],
    [{ kind: 'Service' }, 'Service'],
    [{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }, 'EndpointSlice'],
    [{ apiVersion: 'discovery.k8s.io/v1beta1', kind: 'EndpointSlice' }, 'EndpointSlice'],
    [{ apiVersion: 'serving.knative.dev/v1', kind: 'Service' }, undefined],
    [{ apiVersion: 'apps/v1', kind: 'Deployment' }, undefined],
    [{ kind: 'constructor' }, undefined],
    [{ kind: 7 }, undefined],
    ['Service', undefined],
    [null, undefined],
  ]
  it.each(cases)('%j is %s', (raw, expected) => {
    expect(kindOf(raw)).toBe(expected)
  })
})

describe('the key of an object whose rest can not be read', () => {
  const cases: readonly [Kind, unknown, string | undefined][] = [
    ['Service', { metadata: { name: 'a' }, spec: 7 }, 'Service/default/a'],
    ['Service', { metadata: { name: 'a', namespace: 'shop' } }, 'Service/shop/a'],
    ['Node', { metadata: { name: 'a', namespace: 'shop' } }, 'Node//a'],
    ['Service', { metadata: { name: 7 } }, undefined],
    ['Service', { metadata: 'a' }, undefined],
    ['Service', [], undefined],
  ]
  it.each(cases)('%s %j: %s', (kind, raw, expected) => {
    expect(keyOf({ kind, namespace: 'default', raw })).toBe(expected)
  })
})
