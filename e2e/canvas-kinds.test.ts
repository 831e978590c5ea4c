// Objects of any kind: a form from what the cluster says of the kind, for built-in kinds and for those of others.

import { beforeAll, describe, expect, it } from 'vitest'
import { type CanvasPage, openCanvas } from './browser.ts'
import { addField, banner, deploy, field, fieldset, says, useEngine } from './canvas-hand.ts'

const definition = (kind: string, schema: string): string => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${kind.toLowerCase()}s.sea.dev}
spec:
  group: sea.dev
  scope: Namespaced
  names: {plural: ${kind.toLowerCase()}s, kind: ${kind}}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: ${schema}}}]
`

const definitions = `${definition(
  'Boat',
  `{type: object, properties: {spec: {type: object, required: [sails], properties: {
    sails: {type: integer, minimum: 1, description: How many sails it carries.},
    rig: {type: string, enum: [sloop, ketch]},
    crew: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [rank], items: {type: object, required: [rank], properties: {rank: {type: string}, age: {type: integer}}}},
    cargo: {type: object, x-kubernetes-preserve-unknown-fields: true}}}}}`,
)}---${definition('Raft', '{type: object, x-kubernetes-preserve-unknown-fields: true}')}`

const manifest = `
apiVersion: binnacle.dev/v1alpha1
kind: Application
metadata: {name: sea}
spec: {}
---
apiVersion: sea.dev/v1
kind: Boat
metadata: {name: mary}
spec: {sails: 2, crew: [{rank: captain, age: 50}], cargo: {tea: 3}}
---
apiVersion: sea.dev/v1
kind: Raft
metadata: {name: plank}
logs: 4
---
apiVersion: v1
kind: ConfigMap
metadata: {name: chart, labels: {app.kubernetes.io/part-of: sea}}
data: {depth: '12'}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: buoy, labels: {app.kubernetes.io/part-of: sea}}
spec:
  replicas: 0
  selector: {matchLabels: {app: buoy}}
  template:
    metadata: {labels: {app: buoy}}
    spec: {containers: [{name: light, image: 'sea/light:1.0.0'}]}
`

const cluster = useEngine()

beforeAll(async () => {
  const { engine } = cluster
  await engine.apply(definitions)
  await engine.kubectl('wait', '--for=condition=Established', 'crd', 'boats.sea.dev', 'rafts.sea.dev')
  await engine.apply(manifest)
}, 30_000)

async function opened(key: string, { beside = false } = {}): Promise<CanvasPage> {
  const query = new URLSearchParams({ ns: 'default', app: 'sea', at: key, tab: 'settings' })
  for (const kind of ['boats.sea.dev', 'rafts.sea.dev']) query.append('kind', kind)
  if (beside) query.append('beside', 'yaml')
  const canvas = await openCanvas(cluster.engine, `/?${query.toString()}`)
  await canvas.page.locator('.side h2').waitFor()
  return canvas
}

describe('the settings of an object that is not ours', { timeout: 60_000 }, () => {
  it("are a form from the custom resource's definition, with its YAML beside it", async () => {
    await using canvas = await opened('Boat.sea.dev/default/mary', { beside: true })
    const { page, complaints } = canvas
    await says(field(page, 'spec.sails').row, /How many sails it carries/)
    await field(page, 'spec.sails').input.fill('0')
    await says(field(page, 'spec.sails').problem, /too small: at least 1/)
    await field(page, 'spec.sails').input.fill('3')
    await field(page, 'spec.crew[captain].age').input.fill('51')
    await addField(page, 'Rig')
    await expect.poll(() => page.locator('.yaml-pane .cm-content').innerText()).toContain('rig: sloop')
    await says(field(page, 'spec.cargo').row, /leaves open what it holds/)
    await field(page, 'spec.cargo').input.fill('{"tea": 4}')
    await says(banner(page), /4 staged changes/)
    await deploy(page)
    const path = 'jsonpath={.spec.sails} {.spec.crew[0].age} {.spec.rig} {.spec.cargo.tea}'
    expect(await cluster.engine.kubectl('get', 'boat', 'mary', '-o', path)).toBe('3 51 sloop 4')
    expect(complaints).toEqual([])
  })

  it('are those of a built-in kind, however deep', async () => {
    await using canvas = await opened('Deployment.apps/default/buoy')
    const { page } = canvas
    const image = field(page, 'spec.template.spec.containers[light].image')
    expect(await image.input.inputValue()).toBe('sea/light:1.0.0')
    await image.input.fill('sea/light:1.1.0')
    await field(page, 'spec.replicas').input.fill('some')
    await says(field(page, 'spec.replicas').problem, /a whole number is needed/)
    await field(page, 'spec.replicas').input.fill('0')
    await deploy(page)
    const path = 'jsonpath={.spec.template.spec.containers[0].image}'
    expect(await cluster.engine.kubectl('get', 'deployment', 'buoy', '-o', path)).toBe('sea/light:1.1.0')
  })

  it('are all its fields where a kind has no spec', async () => {
    await using canvas = await opened('ConfigMap/default/chart')
    const { page } = canvas
    await fieldset(page, 'Data').getByLabel('Value of depth').fill('13')
    await deploy(page)
    expect(await cluster.engine.kubectl('get', 'configmap', 'chart', '-o', 'jsonpath={.data.depth}')).toBe('13')
  })

  it('are the YAML alone where the cluster leaves open what fields there are', async () => {
    await using canvas = await opened('Raft.sea.dev/default/plank')
    const { page } = canvas
    await says(page.locator('.side [role=status]'), /does not say what fields Raft has/)
    await page.locator('.cm-line', { hasText: 'logs: 4' }).click()
    await page.keyboard.press('End')
    await page.keyboard.type('2')
    await deploy(page)
    expect(await cluster.engine.kubectl('get', 'raft', 'plank', '-o', 'jsonpath={.logs}')).toBe('42')
  })
})
