// Every view and dialog of the Canvas, and how a person comes to it. What holds for all of them is tested on this list.

import type { Page } from 'playwright-core'
import { nodeNamed } from './browser.ts'
import { type TestEngine, eventually } from './support.ts'

export interface SceneTools {
  page: Page
  engine: TestEngine
}

export interface View {
  name: string
  /** What the address says; nothing of it is the start page. */
  at?: Readonly<Record<string, string | readonly string[]>>
  /** From the page as the address gives it to the view. */
  show?: (tools: SceneTools) => Promise<void>
}

export interface Scene {
  title: string
  /** Brings the cluster and the page to where the views are to be had. */
  prepare?: (tools: SceneTools) => Promise<void>
  views: readonly View[]
}

const namespace = 'default'
const empty = { ns: namespace, app: 'empty' }
const shop = { ns: namespace, app: 'shop' }

function on(...names: string[]): typeof shop & { at: readonly string[] } {
  return { ...shop, at: names.map((name) => `Microservice.binnacle.dev/${namespace}/${name}`) }
}

const application = (name: string): string =>
  `apiVersion: binnacle.dev/v1alpha1\nkind: Application\nmetadata: {name: ${name}}\nspec: {}\n`

export const scenes: readonly Scene[] = [
  {
    title: 'the start page',
    views: [
      { name: 'with nothing there yet' },
      { name: 'asking for a name', show: async ({ page }) => named(page, 'shop') },
      { name: 'with a name that cannot be', show: async ({ page }) => named(page, 'Shop!') },
    ],
  },
  {
    title: 'an empty application',
    async prepare({ engine }) {
      await engine.apply(application('empty'))
    },
    views: [
      {
        name: 'in the list of applications, and a name that is taken',
        async show({ page }) {
          await named(page, 'empty')
          await page.getByRole('button', { name: 'Create' }).click()
          await page.locator('.toast').waitFor()
        },
      },
      {
        name: 'canvas',
        at: empty,
        show: async ({ page }) => page.getByRole('heading', { name: 'An empty canvas' }).waitFor(),
      },
      { name: 'outline', at: { ...empty, view: 'outline' }, show: async ({ page }) => shows(page, '.outline .quiet') },
      { name: 'releases', at: empty, show: async ({ page }) => command(page, 'Releases') },
      { name: 'staged changes', at: empty, show: async ({ page }) => command(page, 'Details') },
      { name: 'import', at: empty, show: async ({ page }) => command(page, 'Import') },
      { name: 'import of what cannot be mapped', at: empty, show: async ({ page }) => importText(page, unmapped) },
      { name: 'import of what is no YAML', at: empty, show: async ({ page }) => importText(page, '{{') },
      { name: 'events', at: { ...empty, panel: 'events' }, show: async ({ page }) => shows(page, '.panel h2') },
      { name: 'ports', at: { ...empty, panel: 'ports' }, show: async ({ page }) => shows(page, '.panel .quiet') },
      { name: 'logs', at: { ...empty, panel: 'logs' }, show: async ({ page }) => shows(page, '.panel h2') },
    ],
  },
  {
    title: 'the Shop, staged',
    async prepare({ page }) {
      await page.goto(new URL('/', page.url()).href)
      await page.getByRole('button', { name: /^Shop/ }).click()
      await page.getByRole('textbox').fill('shop')
      await page.getByRole('button', { name: 'Create' }).click()
      await nodeNamed(page, 'web').waitFor()
    },
    views: [
      { name: 'canvas', at: shop, show: async ({ page }) => shows(page, '.banner') },
      { name: 'outline', at: { ...shop, view: 'outline' }, show: async ({ page }) => shows(page, '[role=treeitem]') },
      { name: 'staged changes', at: shop, show: async ({ page }) => command(page, 'Details') },
      ...(['overview', 'settings', 'variables', 'yaml'] as const).map((tab): View => ({
        name: `${tab} of a new node`,
        at: { ...on('web'), tab },
        show: inspector,
      })),
      {
        name: 'YAML beside the settings',
        at: { ...on('web'), tab: 'settings', beside: 'yaml' },
        async show(tools) {
          await inspector(tools)
          await tools.page.locator('.yaml-pane .cm-content').click()
          await tools.page.locator('.form-pane [data-marked=true]').waitFor()
        },
      },
      {
        name: 'YAML that cannot be read beside the settings',
        at: { ...on('web'), tab: 'settings', beside: 'yaml' },
        async show({ page }) {
          await page.locator('.yaml-pane .cm-content').click()
          await page.keyboard.press('Control+Home')
          await page.keyboard.type('}')
          await shows(page, '.yaml-pane .problem')
        },
      },
    ],
  },
  {
    title: 'the Shop, running',
    async prepare({ page, engine }) {
      await page.locator('.banner').getByRole('button', { name: 'Deploy' }).click()
      await says(page, 'web', '2 of 2')
      await engine.apply(environments)
    },
    views: [
      { name: 'canvas', at: shop, show: async ({ page }) => says(page, 'web', '2 of 2') },
      { name: 'outline', at: { ...shop, view: 'outline' }, show: async ({ page }) => shows(page, '[role=treeitem]') },
      { name: 'node in the outline', at: { ...on('web'), view: 'outline' }, show: inspector },
      ...(['overview', 'settings', 'variables', 'logs', 'metrics', 'events', 'terminal', 'yaml'] as const).map(
        (tab): View => ({ name: tab, at: { ...on('web'), tab }, show: inspector }),
      ),
      {
        name: 'a test request that was answered',
        at: on('web'),
        async show(tools) {
          await inspector(tools)
          await tools.page.getByRole('button', { name: 'Send a test request' }).click()
          await tools.page.getByText(/Answered 200/).waitFor()
        },
      },
      {
        name: 'a pod that was ended',
        at: on('worker'),
        async show(tools) {
          await inspector(tools)
          await tools.page.getByRole('button', { name: 'Break it' }).click()
          await tools.page.locator('.toast').waitFor()
        },
      },
      {
        name: 'a local port that cannot be',
        at: on('web'),
        async show({ page }) {
          await page.getByRole('button', { name: 'Forward port 80 of web' }).click()
          await page.getByRole('textbox', { name: 'Local port' }).fill('0')
          await page.keyboard.press('Enter')
          await shows(page, '.side .problem')
        },
      },
      {
        name: 'forwarded ports',
        at: { ...on('web'), panel: 'ports' },
        async show({ page }) {
          await page.getByRole('button', { name: 'Forward port 80 of web' }).click()
          await page.keyboard.press('Enter')
          await shows(page, '.forwards .forward-address')
        },
      },
      { name: 'several nodes', at: on('web', 'api'), show: inspector },
      { name: 'connect', at: on('web'), show: async ({ page }) => command(page, 'Connect') },
      { name: 'rename', at: on('web'), show: async ({ page }) => command(page, 'Rename') },
      {
        name: 'rename to a name that cannot be',
        at: on('web'),
        async show({ page }) {
          await command(page, 'Rename')
          await page.getByRole('dialog').getByRole('textbox').fill('Bad_Name')
          await page.getByRole('dialog').locator('.problem').waitFor()
        },
      },
      {
        name: 'name of a group',
        at: on('web', 'api'),
        async show(tools) {
          await inspector(tools)
          await tools.page.getByRole('button', { name: 'Group' }).click()
          await shows(tools.page, '[role=dialog]')
        },
      },
      { name: 'add', at: shop, show: async ({ page }) => command(page, 'Add to the canvas') },
      {
        name: 'search and commands',
        at: shop,
        async show({ page }) {
          await page.keyboard.press('Control+k')
          await shows(page, '[cmdk-item]')
        },
      },
      { name: 'keyboard shortcuts', at: shop, show: async ({ page }) => command(page, 'Keyboard shortcuts') },
      { name: 'releases', at: shop, show: async ({ page }) => command(page, 'Releases') },
      { name: 'logs of all', at: { ...shop, panel: 'logs' }, show: async ({ page }) => shows(page, '.log-line') },
      { name: 'events of all', at: { ...shop, panel: 'events' }, show: async ({ page }) => shows(page, '.event') },
      { name: 'menu', at: shop, show: async ({ page }) => menu(page, 'More') },
      { name: 'environments', at: shop, show: async ({ page }) => menu(page, /^Environment/) },
      {
        name: 'a promotion',
        at: shop,
        async show({ page }) {
          await menu(page, /^Environment/)
          await page.getByRole('menuitem', { name: 'Promote r1 to staging' }).click()
          await page.getByRole('dialog', { name: 'Staged changes' }).waitFor()
        },
      },
      ...[0, 1, 2, 3].map((steps): View => ({
        name: `step ${steps + 1} of the tour`,
        at: on('web'),
        async show(tools) {
          await inspector(tools)
          await command(tools.page, 'Take the tour')
          for (let step = 0; step < steps; step++) await tools.page.getByRole('button', { name: 'Next' }).click()
        },
      })),
      { name: 'guide', at: shop, show: async ({ page }) => command(page, 'Guide') },
      {
        name: 'another page of the guide',
        at: shop,
        async show({ page }) {
          await command(page, 'Guide')
          await page.getByRole('button', { name: 'When something goes wrong' }).click()
          await shows(page, '.guide-table')
        },
      },
      {
        name: 'a note that is written',
        at: shop,
        async show({ page }) {
          await page.getByRole('button', { name: 'Note' }).click()
          await page.getByRole('textbox', { name: 'Note' }).fill('Ask before you scale this.')
        },
      },
    ],
  },
  {
    title: 'a group of the Shop',
    async prepare({ page, engine }) {
      await goTo(page, on('web', 'api'))
      await page.getByRole('button', { name: 'Group' }).click()
      await page.getByRole('dialog').getByRole('textbox').fill('front')
      await page.getByRole('button', { name: 'Apply' }).click()
      await page.getByRole('button', { name: 'Ungroup front' }).waitFor()
      await eventually(
        'the group is kept',
        async () =>
          (await engine.kubectl('get', 'microservice', 'api', '-o', 'yaml')).includes('binnacle.dev/group: front') ||
          undefined,
      )
    },
    views: [
      { name: 'open', at: shop, show: async ({ page }) => shows(page, '.frame-title') },
      {
        name: 'collapsed',
        at: shop,
        async show({ page }) {
          const title = page.getByRole('button', { name: 'front', exact: true })
          await title.click()
          await nodeNamed(page, 'api').waitFor({ state: 'detached' })
          await shows(page, '.folded')
          await page.mouse.move(0, 0)
        },
      },
    ],
  },
  {
    title: 'edits of the Shop',
    async prepare({ page, engine }) {
      await goTo(page, on('web'))
      await page.getByRole('button', { name: 'More replicas' }).click()
      await page.getByRole('tab', { name: 'Settings' }).click()
      await page.locator('[data-field="spec.image"] input, [data-field="spec.build.tag"] input').first().fill('latest')
      await shows(page, '.banner')
      await engine.kubectl('patch', 'microservice', 'web', '--type=merge', '-p', '{"spec":{"replicas":1}}')
    },
    views: [
      { name: 'a conflict on the canvas', at: shop, show: async ({ page }) => shows(page, '.banner') },
      { name: 'a conflict in the inspector', at: on('web'), show: inspector },
      { name: 'problems at fields', at: { ...on('web'), tab: 'settings' }, show: inspector },
      {
        name: 'a conflict in the staged changes',
        at: shop,
        async show({ page }) {
          await command(page, 'Details')
          await page.getByText('Keep mine').waitFor()
        },
      },
    ],
  },
]

const unmapped = `services: {web: {image: 'shop/web:1.0.0', privileged: true, network_mode: host}}`

const environments = ['dev', 'staging']
  .map(
    (name) =>
      `apiVersion: binnacle.dev/v1alpha1\nkind: Environment\nmetadata: {name: ${name}}\n` +
      `spec: {application: shop, ${name === 'dev' ? `namespace: ${namespace}` : `promotesFrom: dev, namespace: shop-${name}`}}\n`,
  )
  .join('---\n')

export async function goTo(page: Page, at: View['at'] = {}): Promise<void> {
  const query = new URLSearchParams(
    Object.entries(at).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one])),
  )
  await page.goto(new URL(`/?${query.toString()}`, page.url()).href)
  await page.locator('.start, .app').waitFor()
}

async function shows(page: Page, selector: string): Promise<void> {
  await page.locator(selector).first().waitFor()
}

async function named(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: /^Blank/ }).click()
  await page.getByRole('textbox').fill(name)
}

async function inspector({ page }: SceneTools): Promise<void> {
  await page.locator('.side:not([aria-busy])').waitFor()
  await page.locator('.side :is(.sec, .log-view, .yaml-host, .terminal-host, .event, .tab)').first().waitFor()
}

/** Runs a command of the palette and waits for what it opens. */
async function command(page: Page, words: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog', { name: 'Search and commands' }).waitFor()
  await page.keyboard.type(words)
  await page.getByRole('option', { name: words }).first().click()
  await page.getByRole('dialog', { name: 'Search and commands' }).waitFor({ state: 'detached' })
  await shows(page, '[role=dialog]')
}

async function importText(page: Page, text: string): Promise<void> {
  await command(page, 'Import')
  const dialog = page.getByRole('dialog', { name: 'Import' })
  await dialog.getByRole('textbox').fill(text)
  await dialog.getByRole('button', { name: 'Import' }).click()
  await dialog.locator('.problem, .event').first().waitFor()
}

async function menu(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('button', { name }).click()
  await page.getByRole('menu').waitFor()
}

async function says(page: Page, name: string, word: string): Promise<void> {
  const isSaid = async (): Promise<true | undefined> =>
    (await nodeNamed(page, name).locator('.state').innerText()) === word || undefined
  await eventually(`${name} is ${word}`, isSaid, 60_000)
}
