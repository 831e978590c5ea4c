// What the documents describe that this project grew from, done as they say it, with stock kubectl.

import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type TestEngine, eventually, hasProgram, processesOf, root, startEngine, text } from './support.ts'

const hasTools = (await hasProgram('kubectl')) && (await hasProgram('go'))
const example = (...names: string[]): string => join(root, 'examples', ...names)

async function externalAddress(engine: TestEngine, service: string): Promise<string> {
  return eventually(`an external address of ${service}`, async () => {
    const ip = await engine.kubectl('get', 'svc', service, '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}')
    return ip === '' ? undefined : ip
  })
}

async function build(engine: TestEngine, folder: string, tag: string, ...flags: string[]): Promise<void> {
  const built = await engine.binnacle('build', folder, '-t', tag, ...flags)
  if (built.code !== 0) throw new Error(built.stderr)
}

describe.skipIf(!hasTools)('the seeds (need kubectl and go)', () => {
  it(
    '003: hello world is built, pushed, applied, reached, updated without a failed request, undone, scaled and healed',
    { timeout: 120_000 },
    async () => {
      await using engine = await startEngine()
      await build(engine, example('hello-world', 'v1'), 'helloworld-v1:1.0.0', '--push', engine.record.registry)
      await build(engine, example('hello-world', 'v2'), 'helloworld-v1:2.0.0', '--push', engine.record.registry)
      await engine.kubectl('apply', '-f', example('hello-world', 'helloworld-go-v1.yaml'))
      await engine.kubectl('rollout', 'status', 'deployment/helloworld-v1', '--timeout=30s')
      const address = await externalAddress(engine, 'helloworld-v1')
      expect(await engine.kubectl('get', 'svc', 'helloworld-v1', '-o', 'wide')).toContain(address)
      const url = `http://${address}/api/hello`
      expect(await eventually('an answer', () => text(url))).toBe('Hello world v1\n')

      const answers: (string | undefined)[] = []
      const update = new AbortController()
      const load = (async () => {
        while (!update.signal.aborted) answers.push(await text(url))
      })()
      await engine.kubectl('set', 'image', 'deployment/helloworld-v1', 'helloworld-kubernetes=helloworld-v1:2.0.0')
      await engine.kubectl('rollout', 'status', 'deployment/helloworld-v1', '--timeout=30s')
      await eventually('an answer of v2', () => answers.at(-1)?.includes('v2') || undefined)
      update.abort()
      await load
      expect(answers.filter((answer) => answer === undefined)).toEqual([])

      await engine.kubectl('rollout', 'undo', 'deployment/helloworld-v1')
      await engine.kubectl('rollout', 'status', 'deployment/helloworld-v1', '--timeout=30s')
      expect(await text(url)).toBe('Hello world v1\n')

      await engine.kubectl('scale', 'deployment/helloworld-v1', '--replicas=4')
      await engine.kubectl('rollout', 'status', 'deployment/helloworld-v1', '--timeout=30s')
      expect(
        (await engine.kubectl('get', 'pods', '-l', 'app=helloworld-v1', '-o', 'name')).trim().split('\n'),
      ).toHaveLength(4)

      const containerId = await engine.kubectl(
        'get',
        'pods',
        '-l',
        'app=helloworld-v1',
        '-o',
        'jsonpath={.items[0].status.containerStatuses[0].containerID}',
      )
      const programs = await processesOf(containerId.replace('process://', ''))
      const victim = programs.find((pid) => readlinkSync(`/proc/${pid}/exe`).endsWith('/v1'))
      if (victim === undefined) throw new Error('no program of the service found')
      process.kill(victim, 'SIGKILL')
      await eventually(
        'a restart',
        async () => {
          const restarts = await engine.kubectl(
            'get',
            'pods',
            '-l',
            'app=helloworld-v1',
            '-o',
            'jsonpath={.items[*].status.containerStatuses[0].restartCount}',
          )
          return restarts.includes('1') || undefined
        },
        5000,
      )
      await eventually(
        'four ready pods',
        async () => {
          const ready = await engine.kubectl(
            'get',
            'deployment',
            'helloworld-v1',
            '-o',
            'jsonpath={.status.readyReplicas}',
          )
          return ready === '4' || undefined
        },
        5000,
      )
    },
  )

  it(
    '004: the monolith runs with its arguments, liveness restarts it, and a failing pod backs off',
    { timeout: 120_000 },
    async () => {
      await using engine = await startEngine()
      await build(engine, example('monolith'), 'udacity/example-monolith:1.0.0')
      const manifest = readFileSync(example('monolith', 'monolith.yaml'), 'utf8')
      // Ports below 1024 need a privilege; the test runs where there may be none, or where 80 is taken.
      await engine.apply(manifest.replaceAll(/\b8([01])\b/g, '18$1'))
      await engine.kubectl('wait', '--for=condition=Ready', 'pod/monolith', '--timeout=30s')
      expect(await text('http://127.0.0.1:180/')).toContain('Hello')
      await text('http://127.0.0.1:180/break')
      await eventually('a restart by the liveness probe', async () => {
        const count = await engine.kubectl(
          'get',
          'pod',
          'monolith',
          '-o',
          'jsonpath={.status.containerStatuses[0].restartCount}',
        )
        return Number(count) > 0 || undefined
      })
      expect(await engine.kubectl('get', 'events', '--field-selector', 'reason=Unhealthy')).toContain(
        'Liveness probe failed: HTTP probe failed with statuscode: 503',
      )

      await engine.kubectl('apply', '-f', example('monolith', 'failing.yaml'))
      await eventually(
        'CrashLoopBackOff',
        async () => (await engine.kubectl('get', 'pod', 'failing')).includes('CrashLoopBackOff') || undefined,
      )
    },
  )

  it(
    '002: other configuration is another database without a change of code; admin jobs; environments',
    { timeout: 180_000 },
    async () => {
      await using engine = await startEngine()
      await build(engine, example('configuration', 'service'), 'example/service:1.0.0')
      await build(engine, example('configuration', 'database'), 'example/database:1.0.0')
      await engine.kubectl('apply', '-f', example('configuration', 'application.yaml'))
      await engine.kubectl('rollout', 'status', 'deployment/service', '--timeout=60s')
      const url = `http://${await externalAddress(engine, 'service')}:8080/`
      expect(await eventually('an answer', () => text(url))).toBe('hello from database-one\n')

      await engine.apply(`
apiVersion: v1
kind: ConfigMap
metadata: {name: service-config}
data:
  greeting: good day
  config.json: '{"database": "http://database-two:5432/"}'
---
apiVersion: v1
kind: Secret
metadata: {name: database-login}
stringData: {password: second-password}
`)
      await engine.kubectl('delete', 'pods', '-l', 'app=service')
      await engine.kubectl('rollout', 'status', 'deployment/service', '--timeout=60s')
      expect(
        await eventually('an answer of the new pods', async () => {
          const answer = await text(url)
          return answer?.includes('two') === true ? answer : undefined
        }),
      ).toBe('good day from database-two\n')

      await engine.kubectl('apply', '-f', example('configuration', 'admin.yaml'))
      await engine.kubectl('wait', '--for=condition=complete', 'job/migrate', '--timeout=30s')
      expect(await engine.kubectl('logs', 'job/migrate')).toBe('migrated http://database-two:5432/\n')
      await engine.kubectl('create', 'job', 'now', '--from=cronjob/nightly')
      await engine.kubectl('wait', '--for=condition=complete', 'job/now', '--timeout=30s')

      await engine.kubectl('create', 'namespace', 'staging')
      await engine.kubectl('-n', 'staging', 'apply', '-f', example('configuration', 'application.yaml'))
      await engine.kubectl('-n', 'staging', 'rollout', 'status', 'deployment/service', '--timeout=60s')
      expect(await text(url)).toBe('good day from database-two\n')
    },
  )
})
