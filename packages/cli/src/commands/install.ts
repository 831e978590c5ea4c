// `binnacle install --context CTX`: our kinds, and the controllers that follow them, in any cluster.

import type { KubeObject } from '@binnacle/api'
import type { Client, ResourceRef } from '@binnacle/client'
import { installDefinitions, installObjects } from '@binnacle/platform'
import { CliError } from '../cli-error.ts'
import { type TargetOptions, connectTarget } from '../deploy/target.ts'
import { progress } from '../progress.ts'

export interface InstallOptions extends TargetOptions {
  image?: string
}

const fieldManager = 'binnacle-install'

export async function install(options: InstallOptions): Promise<void> {
  const steps = progress({ json: false })
  using target = await connectTarget(options, (text) => steps.warn(text))
  if (target.engine !== undefined)
    throw new CliError('the engine has our kinds and their controllers already: name another cluster with --context')
  await installDefinitions(target.client, new AbortController().signal)
  steps.step('the cluster serves our kinds')
  const refs = await refsByKind(target.client)
  for (const object of installObjects({ image: options.image })) {
    const ref = refs.get(`${object.apiVersion} ${object.kind}`)
    if (ref === undefined) throw new CliError(`${target.name} does not serve ${object.kind} in ${object.apiVersion}`)
    await target.client.apply<KubeObject>(ref, object, { fieldManager, force: true })
    steps.step(`${object.kind} ${object.metadata.name}`)
  }
  console.log(
    options.image === undefined
      ? `installed the kinds and permissions in ${target.name}; the controllers run with --image REF, or from here by \`binnacle controllers\``
      : `installed in ${target.name}: the controllers run from ${options.image}`,
  )
}

async function refsByKind(client: Client): Promise<Map<string, ResourceRef>> {
  const served = await client.discover()
  return new Map(
    served.map(({ ref, kind }) => [`${ref.group === '' ? '' : `${ref.group}/`}${ref.version} ${kind}`, ref] as const),
  )
}
