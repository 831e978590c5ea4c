// The Canvas on the real cluster beside the Canvas on the engine, in a real Chromium: the same application is the same
// picture, as its outline tells it, and figures that the cluster does not have are nowhere.

import type { Page } from 'playwright-core'
import { closeBrowser, openCanvas, openLink, picture } from '../../e2e/browser.ts'
import { type TestEngine, eventually } from '../../e2e/support.ts'
import { type RealCluster, context } from './cluster.ts'

export interface Picture {
  /** Of both, where they are the same. */
  outline: string
  /** Figures of the engine's, and what stands in their place on the cluster's. */
  figures: { engine: readonly string[]; cluster: string }
  differences: readonly string[]
}

interface Shown {
  outline: () => Promise<string>
  /** Texts of the figures on the nodes. */
  figures: () => Promise<string[]>
  /** Of the metrics tab of a service. */
  metrics: () => Promise<string>
  complaints: readonly string[]
}

/** The application is deployed and Ready in the namespace of its name on both. */
export async function comparePictures(
  application: string,
  { engine, cluster }: { engine: TestEngine; cluster: RealCluster },
): Promise<Picture> {
  const words = ['open', application, '-n', application, '--context', context, '--canvas-port', '0', '--no-browser']
  await using served = await cluster.serve(words)
  const at = { ns: application, app: application }
  await using own = await openCanvas(engine, pathOf(at))
  await using real = await openLink(served.line, pathOf(at))
  try {
    const [ours, theirs] = [shown(own, at), shown(real, at)]
    const differences: string[] = []
    // Both come to rest for themselves.
    const outline = await eventually('the same outline', async () => {
      const [one, other] = [await ours.outline(), await theirs.outline()]
      return one === other && one.includes('treeitem') ? one : undefined
    }).catch(async () => {
      differences.push('outline on the engine:', await ours.outline(), 'on the cluster:', await theirs.outline())
      return ''
    })
    const engineFigures = await eventually('figures on the engine', async () => nonEmpty(await ours.figures()))
    const clusterFigures = await theirs.figures()
    if (clusterFigures.length > 0) differences.push(`the cluster has no metrics, yet: ${clusterFigures.join(', ')}`)
    const absent = await theirs.metrics()
    // The whole page, for whoever wants to look at it.
    await picture(real.page, 'real-cluster')
    if (!absent.includes('not connected'))
      differences.push(`the metrics tab does not say that there are none: ${absent}`)
    // The kubelet is asked where there are no metrics; the browser notes that kwok's node has none.
    const complaints = [...ours.complaints, ...theirs.complaints].filter(
      (line) => !line.includes('/proxy/stats/summary'),
    )
    differences.push(...complaints.map((line) => `complaint of the page: ${line}`))
    return { outline, figures: { engine: engineFigures, cluster: absent }, differences }
  } finally {
    await closeBrowser()
  }
}

function pathOf(place: Record<string, string>): string {
  return `/?${new URLSearchParams(place).toString()}`
}

function shown(
  { page, complaints }: { page: Page; complaints: readonly string[] },
  place: Record<string, string>,
): Shown {
  const go = async (further: Record<string, string>): Promise<void> => {
    const path = pathOf({ ...place, ...further })
    if (page.url().endsWith(path)) return
    await page.goto(new URL(path, page.url()).href)
    await page.locator('.app').waitFor()
  }
  return {
    complaints,
    async outline() {
      await go({ view: 'outline' })
      return page.getByRole('tree').ariaSnapshot()
    },
    async figures() {
      await go({})
      return (await page.locator('.n .m > div').allInnerTexts()).map((text) => text.replaceAll(/\b\d[\d.,]*\b/g, '#'))
    },
    async metrics() {
      await go({})
      await page.locator('.n').getByRole('heading', { name: 'web', exact: true }).click()
      await page.getByRole('tab', { name: 'Metrics' }).click()
      await page.getByRole('tabpanel').locator('section').nth(1).waitFor()
      return (await page.getByRole('tabpanel').innerText()).replaceAll(/\s+/g, ' ')
    },
  }
}

function nonEmpty(texts: string[]): string[] | undefined {
  return texts.length === 0 ? undefined : [...new Set(texts.map((text) => text.replaceAll(/\s+/g, ' ')))]
}
