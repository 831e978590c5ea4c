import { describe, expect, it } from 'vitest'
import { importResources } from '../src/import/import-resources.ts'
import { validate } from '../src/validate.ts'
import { wiresOf } from '../src/wires/wires.ts'
import { documentOf } from './support.ts'

const place = { namespace: 'shop', application: 'shop' }

const compose = `
services:
  web:
    build: ./web
    ports: ["8080:80"]
    environment:
      API_URL: http://api:3000
      SECRET: \${SECRET}
    depends_on: [api]
    networks: [front]
    restart: always
  api:
    image: shop/api:1.2.3
    command: node server.js --name "the api"
    expose: [3000]
    environment:
      - DATABASE_URL=postgres://app:pw@db:5432/app
    healthcheck: {test: [CMD, curl, -f, http://localhost:3000], interval: 30s, retries: 3}
    deploy: {replicas: 2, resources: {limits: {cpus: "0.5", memory: 256M}}}
    volumes: [uploads:/data, "./src:/app"]
    configs: [settings]
    privileged: true
    user: "1000:1000"
    cap_drop: [all]
    cap_add: [CAP_NET_BIND_SERVICE]
    read_only: true
    security_opt: ["no-new-privileges:true", "label:disable"]
    tmpfs: ["/tmp:size=64m,mode=1777", /run]
  db:
    image: postgres:16
    environment: {POSTGRES_DB: app, POSTGRES_USER: app, POSTGRES_PASSWORD: pw}
    volumes: [data:/var/lib/postgresql/data]
configs:
  settings: {content: "a: 1"}
networks: {front: {}}
volumes: {data: {}, uploads: {}}
`

describe('import of a Compose file', () => {
  const { objects, unmapped, problem } = importResources(compose, place)

  it('gives microservices and data sources', () => {
    expect(problem).toBeUndefined()
    expect(objects.map(({ kind, metadata, spec, data }) => ({ kind, name: metadata.name, spec, data }))).toEqual([
      {
        kind: 'Microservice',
        name: 'web',
        spec: {
          build: { context: './web' },
          ports: [{ name: 'http', port: 8080, targetPort: 80 }],
          serviceType: 'LoadBalancer',
          env: [
            { name: 'API_URL', value: 'http://api:3000' },
            { name: 'SECRET', value: '' },
          ],
          uses: [{ name: 'api' }],
        },
      },
      {
        kind: 'Microservice',
        name: 'api',
        spec: {
          image: 'shop/api:1.2.3',
          args: ['node', 'server.js', '--name', 'the api'],
          ports: [{ name: 'http', port: 3000 }],
          env: [{ name: 'DATABASE_URL', value: 'postgres://app:pw@db:5432/app' }],
          files: [{ path: '/settings', configMap: { name: 'settings', key: 'settings' } }],
          bindings: [{ name: 'db' }],
          replicas: 2,
          health: {
            readiness: {
              exec: { command: ['curl', '-f', 'http://localhost:3000'] },
              periodSeconds: 30,
              failureThreshold: 3,
            },
          },
          resources: { limits: { cpu: '0.5', memory: '256Mi' } },
          storage: [{ name: 'uploads', path: '/data', size: '1Gi' }],
          scratch: [
            { path: '/tmp', medium: 'Memory', sizeLimit: '64Mi' },
            { path: '/run', medium: 'Memory' },
          ],
          securityContext: {
            runAsUser: 1000,
            runAsGroup: 1000,
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
          },
        },
      },
      {
        kind: 'DataSource',
        name: 'db',
        spec: { type: 'postgresql', version: '16', database: 'app', username: 'app', storage: { size: '1Gi' } },
      },
      { kind: 'ConfigMap', name: 'settings', data: { settings: 'a: 1' } },
    ])
  })

  it('lists all that it did not map', () => {
    expect(unmapped.map(({ path }) => path).toSorted()).toEqual([
      'networks',
      'services.api.privileged',
      'services.api.security_opt',
      'services.api.tmpfs',
      'services.api.volumes[0]',
      'services.api.volumes[1]',
      'services.db.environment.POSTGRES_PASSWORD',
      'services.db.volumes',
      'services.web.environment.SECRET',
    ])
  })

  it('gives what can be deployed, with its wires', () => {
    const document = documentOf(...objects)
    const errors = [...validate(document).values()].flat().filter(({ severity }) => severity === 'error')
    expect(errors).toEqual([])
    expect(
      wiresOf(document)
        .filter(({ isDrawn }) => isDrawn)
        .map(({ kind }) => kind),
    ).toEqual(['uses', 'bindings'])
  })
})

describe('import of manifests', () => {
  /** A Service (but for the worker) and a Deployment, as `kubectl apply` takes them. */
  const manifest = (name: string, { type = 'ClusterIP', calls = '' } = {}): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {type: ${type}, selector: {app: ${name}}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: 2
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
        - name: ${name}
          image: shop/${name}:1.0.0
          env: [{name: NEXT_URL, value: "${calls}"}]
          ports: [{name: http, containerPort: 8080}]
`
  const shop = [
    manifest('cache'),
    manifest('api', { calls: 'http://$(CACHE_SERVICE_HOST):$(CACHE_SERVICE_PORT)' }),
    manifest('web', { type: 'LoadBalancer', calls: 'http://api' }),
  ].join('---')

  it('keeps plain objects and infers their wires', () => {
    const { objects, unmapped } = importResources(shop, place)
    expect(unmapped).toEqual([])
    const wires = wiresOf(documentOf(...objects)).map(
      ({ kind, from, to }) => `${kind} ${from.split('/').at(-1)} ${to.split('/').at(-1)}`,
    )
    expect(wires.toSorted()).toEqual([
      'environment api cache',
      'environment web api',
      'selector api api',
      'selector cache cache',
      'selector web web',
    ])
  })

  it('lifts a Deployment and its Service to a Microservice', () => {
    const { objects } = importResources(shop, place, { lift: true })
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
      ['cache', 'api', 'web'].map((name) => `Microservice ${name}`),
    )
    expect(objects[2]?.['spec']).toMatchObject({
      image: 'shop/web:1.0.0',
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
      serviceType: 'LoadBalancer',
      replicas: 2,
    })
  })

  const worker = (pod: string, container = ''): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {${pod}, containers: [{name: api, image: "a:1"${container}}]}
`

  it('takes over as whom a pod runs, and its empty folders and single files', () => {
    const { objects, unmapped } = importResources(
      worker(
        `securityContext: {runAsUser: 1000, fsGroup: 2000},
         volumes: [{name: tmp, emptyDir: {sizeLimit: 64Mi}}, {name: conf, configMap: {name: conf, items: [{key: a, path: b}]}}]`,
        `, securityContext: {runAsUser: 3000, privileged: false, capabilities: {drop: [ALL]}}, resources: {limits: null},
           volumeMounts: [{name: tmp, mountPath: /tmp}, {name: conf, mountPath: /etc/b, subPath: b}]`,
      ),
      place,
      { lift: true },
    )
    expect(unmapped).toEqual([])
    expect(objects[0]).toMatchObject({
      kind: 'Microservice',
      spec: {
        resources: {},
        files: [{ path: '/etc/b', configMap: { name: 'conf', key: 'a' } }],
        scratch: [{ path: '/tmp', sizeLimit: '64Mi' }],
        securityContext: { runAsUser: 3000, fsGroup: 2000, capabilities: { drop: ['ALL'] } },
      },
    })
  })

  it('keeps checks of ports that the Service calls otherwise, and names what it leaves out', () => {
    const text = shop
      .replaceAll('metadata: {labels: {app: web}}', 'metadata: {labels: {app: web}, annotations: {scrape: "true"}}')
      .replaceAll(
        'ports: [{name: http, containerPort: 8080}]',
        `ports: [{name: http, containerPort: 8080}, {name: admin, containerPort: 9000}]
          livenessProbe: {httpGet: {port: admin}}
          readinessProbe: {httpGet: {port: http}}`,
      )
    const { objects, unmapped } = importResources(text, place, { lift: true })
    expect(objects[2]?.['spec']).toMatchObject({
      health: { liveness: { httpGet: { port: 9000 } }, readiness: { httpGet: { port: 'http' } } },
    })
    expect(unmapped.filter(({ path }) => path === 'Deployment web').map(({ why }) => why)).toEqual([
      'becomes a Microservice without the annotations scrape of its pods and its Service',
      'becomes a Microservice without the port admin, to which no Service leads',
    ])
  })

  it.each([
    ['a Microservice has no hostNetwork', 'hostNetwork: true', ''],
    ['a Microservice has no privileges', 'dnsPolicy: ClusterFirst', ', securityContext: {privileged: true}'],
    ['a Microservice has no securityContext.sysctls', 'securityContext: {sysctls: []}', ''],
    [
      'it mounts all of the ConfigMap conf at /etc/conf: name each file in spec.files',
      'volumes: [{name: conf, configMap: {name: conf}}]',
      ', volumeMounts: [{name: conf, mountPath: /etc/conf}]',
    ],
    [
      'a Microservice has no volume like data (persistentVolumeClaim)',
      'volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]',
      ', volumeMounts: [{name: data, mountPath: /data}]',
    ],
    [
      'it mounts shared at two places',
      'volumes: [{name: shared, emptyDir: {}}]',
      ', volumeMounts: [{name: shared, mountPath: /a}, {name: shared, mountPath: /b}]',
    ],
  ])('says why a Deployment stays one: %s', (why, pod, container) => {
    const { objects, unmapped } = importResources(worker(pod, container), place, { lift: true })
    expect(objects[0]?.kind).toBe('Deployment')
    expect(unmapped).toEqual([{ path: 'Deployment api', why: `stays a Deployment: ${why}` }])
  })

  it('says what is no object', () => {
    expect(importResources('a: [', place).problem).toContain('not YAML')
    expect(importResources('just text', place).problem).toContain('no object')
    expect(importResources('', place).problem).toContain('neither')
  })
})
