import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type ConfigMap, type Pod, hostPortOf, systemClock } from '@binnacle/api'
import { expect, test } from 'vitest'
import { ProcessTable } from '../src/process/process-table.ts'
import { type NodeFixture, conditionOf, podOf, startFixture } from './fixture.ts'

const server = `
const { readFileSync } = require('node:fs')
require('node:http').createServer((request, response) => {
  response.end(JSON.stringify({ greeting: process.env.GREETING, config: readFileSync('/etc/config/colour', 'utf8') }))
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'))
process.on('SIGTERM', () => process.exit(0))
`

function ready(fixture: NodeFixture, name: string): Promise<Pod> {
  return fixture.api.until(() => {
    const pod = fixture.api.get<Pod>('pods', `default/${name}`)
    return conditionOf(pod, 'Ready') === 'True' ? pod : undefined
  })
}

function events(fixture: NodeFixture): string[] {
  return fixture.api
    .list<Pod & { reason: string; message: string }>('events')
    .map(({ reason, message }) => `${reason}: ${message}`)
}

test('a pod runs as a process, becomes Ready, answers on its host port, logs, and ends when it is deleted', async () => {
  await using fixture = await startFixture()
  await fixture.image('web:v1', server)
  const configMap: ConfigMap = { metadata: { name: 'settings', namespace: 'default' }, data: { colour: 'red' } }
  fixture.api.put('configmaps', configMap)
  fixture.api.put(
    'pods',
    podOf('web', {
      volumes: [{ name: 'config', configMap: { name: 'settings' } }],
      containers: [
        {
          name: 'main',
          image: 'web:v1',
          env: [
            { name: 'WHO', value: 'you' },
            { name: 'GREETING', value: 'hello $(WHO) from $(NODE) $(NOBODY)' },
          ],
          ports: [{ containerPort: 8080 }],
          volumeMounts: [{ name: 'config', mountPath: '/etc/config' }],
        },
      ],
    }),
  )
  const pod = await ready(fixture, 'web')
  expect(pod.status).toMatchObject({ phase: 'Running', podIP: '127.0.0.1', qosClass: 'BestEffort' })
  const port = hostPortOf(pod, 8080)
  expect(port).not.toBe(8080)
  const answer = (await (await fetch(`http://127.0.0.1:${port}/`)).json()) as object
  expect(answer).toEqual({ greeting: 'hello you from $(NODE) $(NOBODY)', config: 'red' })
  expect(await fixture.get('/containerLogs/default/web/main')).toEqual({ code: 200, text: 'listening\n' })
  expect((await fixture.get('/containerLogs/default/web/main?timestamps=true')).text).toMatch(/^\d{4}-.*Z listening\n$/)
  expect(events(fixture)).toEqual(expect.arrayContaining(['Created: Container created', 'Started: Container started']))
  fixture.api.deletePod('default/web', 5)
  await fixture.api.until(() => fixture.api.get('pods', 'default/web') === undefined)
  expect(fixture.runtime.containers()).toEqual([])
})

test('a changed ConfigMap reaches the files of a running pod', async () => {
  await using fixture = await startFixture()
  await fixture.image('web:v1', server)
  fixture.api.put('configmaps', {
    metadata: { name: 'settings', namespace: 'default' },
    data: { colour: 'red' },
  } as ConfigMap)
  fixture.api.put(
    'pods',
    podOf('web', {
      volumes: [{ name: 'config', configMap: { name: 'settings' } }],
      containers: [
        {
          name: 'main',
          image: 'web:v1',
          ports: [{ containerPort: 80 }],
          volumeMounts: [{ name: 'config', mountPath: '/etc/config' }],
        },
      ],
    }),
  )
  const port = hostPortOf(await ready(fixture, 'web'), 80)
  fixture.api.put('configmaps', {
    metadata: { name: 'settings', namespace: 'default' },
    data: { colour: 'blue' },
  } as ConfigMap)
  let text = ''
  while (!text.includes('blue')) text = await (await fetch(`http://127.0.0.1:${port}/`)).text()
  expect(text).toContain('blue')
})

test('init containers run in order before the main one, which succeeds and is not started again', async () => {
  await using fixture = await startFixture()
  await fixture.image('step:v1', `console.log('step', process.argv[2]); process.exit(0)`)
  fixture.api.put(
    'pods',
    podOf('job', {
      restartPolicy: 'Never',
      initContainers: [
        { name: 'one', image: 'step:v1', args: ['1'] },
        { name: 'two', image: 'step:v1', args: ['2'] },
      ],
      containers: [{ name: 'main', image: 'step:v1', args: ['3'] }],
    }),
  )
  const pod = await fixture.api.until(() => {
    const found = fixture.api.get<Pod>('pods', 'default/job')
    return found?.status?.phase === 'Succeeded' ? found : undefined
  })
  const ends = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  expect(ends.map(({ name, state }) => [name, state?.terminated?.reason])).toEqual([
    ['one', 'Completed'],
    ['two', 'Completed'],
    ['main', 'Completed'],
  ])
  expect((await fixture.get('/containerLogs/default/job/two')).text).toBe('step 2\n')
})

test('a failing container is restarted at once, then backs off as CrashLoopBackOff', async () => {
  await using fixture = await startFixture()
  await fixture.image(
    'bad:v1',
    `console.error('no'); require('node:fs').writeFileSync('/dev/termination-log', 'why'); process.exit(3)`,
  )
  fixture.api.put('pods', podOf('bad', { containers: [{ name: 'main', image: 'bad:v1' }] }))
  const status = await fixture.api.until(() => {
    const found = fixture.api.get<Pod>('pods', 'default/bad')?.status?.containerStatuses?.[0]
    return found?.state?.waiting?.reason === 'CrashLoopBackOff' ? found : undefined
  })
  expect(status.restartCount).toBe(1)
  expect(status.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error', message: 'why' })
  expect(status.state?.waiting?.message).toBe(
    'back-off 10s restarting failed container=main pod=bad_default(uid-of-bad)',
  )
})

test('a missing image is ErrImagePull with a hint, then ImagePullBackOff', async () => {
  await using fixture = await startFixture()
  fixture.api.put('pods', podOf('lost', { containers: [{ name: 'main', image: 'nowhere:v1' }] }))
  const reason = await fixture.api.until(() => {
    const found = fixture.api.get<Pod>('pods', 'default/lost')?.status?.containerStatuses?.[0]?.state?.waiting
    return found?.reason === 'ErrImagePull' ? found : undefined
  })
  expect(reason.message).toContain('binnacle build')
})

test('an HTTP readiness probe decides, through the port contract', async () => {
  await using fixture = await startFixture()
  await fixture.image(
    'slow:v1',
    `require('node:http').createServer((q, s) => { s.statusCode = q.url === '/ok' ? 200 : 500; s.end() }).listen(process.env.PORT, '127.0.0.1')`,
  )
  const container = { name: 'main', image: 'slow:v1', ports: [{ containerPort: 8080, name: 'http' }] }
  fixture.api.put(
    'pods',
    podOf('good', {
      containers: [{ ...container, readinessProbe: { httpGet: { path: '/ok', port: 'http' }, periodSeconds: 1 } }],
    }),
  )
  fixture.api.put(
    'pods',
    podOf('poor', {
      containers: [
        {
          ...container,
          livenessProbe: { httpGet: { path: '/bad', port: 8080 }, periodSeconds: 1, failureThreshold: 1 },
        },
      ],
    }),
  )
  await ready(fixture, 'good')
  await fixture.api.until(() =>
    events(fixture).includes('Killing: Container main failed liveness probe, will be restarted'),
  )
  await fixture.api.until(
    () => (fixture.api.get<Pod>('pods', 'default/poor')?.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0,
  )
})

test('a program that ignores PORT is found, and a second one is told why it cannot run', async () => {
  await using fixture = await startFixture()
  await fixture.image('fixed:v1', `require('node:net').createServer().listen(38417, '127.0.0.1')`)
  const spec = { containers: [{ name: 'main', image: 'fixed:v1', ports: [{ containerPort: 38417 }] }] }
  fixture.api.put('pods', podOf('first', spec))
  expect(hostPortOf(await ready(fixture, 'first'), 38417)).toBe(38417)
  fixture.api.put('pods', podOf('second', spec))
  const waiting = await fixture.api.until(() => {
    const found = fixture.api.get<Pod>('pods', 'default/second')?.status?.containerStatuses?.[0]?.state?.waiting
    return found?.reason === 'PortConflict' ? found : undefined
  })
  expect(waiting.message).toContain('port 38417 of this machine is in use')
})

test('the next agent adopts running programs and learns the exit code of one that ended meanwhile', async () => {
  await using fixture = await startFixture()
  await fixture.image(
    'long:v1',
    `console.log('up'); process.on('SIGUSR2', () => process.exit(7)); setInterval(() => {}, 1000)`,
  )
  for (const name of ['stays', 'ends'])
    fixture.api.put('pods', podOf(name, { restartPolicy: 'Never', containers: [{ name: 'main', image: 'long:v1' }] }))
  await Promise.all(['stays', 'ends'].map((name) => ready(fixture, name)))
  // Ready says that they run, their first line that they handle the signal.
  while (!(await fixture.get('/containerLogs/default/ends/main')).text.includes('up')) await setImmediate()
  const before = fixture.runtime.containers('uid-of-stays')[0]?.id
  await fixture.restart(async () => {
    const directory = join(fixture.directory, 'pods', 'uid-of-ends', 'containers', 'main', '0')
    const text = await readFile(join(directory, 'process.json'), 'utf8')
    process.kill((JSON.parse(text) as { program: { pid: number } }).program.pid, 'SIGUSR2')
    while (!existsSync(join(directory, 'exit'))) await setImmediate()
  })
  expect(fixture.runtime.containers('uid-of-stays')[0]).toMatchObject({ id: before, state: 'running' })
  const pod = await fixture.api.until(() => {
    const found = fixture.api.get<Pod>('pods', 'default/ends')
    return found?.status?.phase === 'Failed' ? found : undefined
  })
  expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(7)
})

test('a pod that forks a thousand children leaves none', async () => {
  await using fixture = await startFixture()
  await fixture.image('forks:v1', '', {
    Entrypoint: ['sh', '-c', 'i=0; while [ $i -lt 1000 ]; do setsid sleep 1000 & i=$((i+1)); done; echo forked; wait'],
  })
  fixture.api.put('pods', podOf('forks', { containers: [{ name: 'main', image: 'forks:v1' }] }))
  await ready(fixture, 'forks')
  while (!(await fixture.get('/containerLogs/default/forks/main')).text.includes('forked')) await setImmediate()
  const { id } = fixture.runtime.containers()[0] ?? { id: '' }
  fixture.api.deletePod('default/forks', 0)
  await fixture.api.until(() => fixture.api.get('pods', 'default/forks') === undefined)
  const table = new ProcessTable(systemClock)
  expect(await table.processesOf({ containerId: id, supervisorPid: undefined })).toEqual([])
})
