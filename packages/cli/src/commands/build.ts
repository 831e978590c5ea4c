// `binnacle build DIR -t NAME:TAG`: sources to an image in the store of the data folder, and to a registry when asked.

import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  BuildError,
  ImageStore,
  InvalidReferenceError,
  buildDockerfile,
  buildImage,
  localRepository,
  parseReference,
  pushImage,
  tagWarning,
} from '@binnacle/images'
import { CliError, exitCodes } from '../cli-error.ts'
import { dataPath, openDataDirectory, readRecord } from '../data-directory.ts'
import { progress } from '../progress.ts'

interface BuildOptions {
  tag: string
  base?: string
  file?: string
  push?: string
  data?: string
  output?: string
}

export async function build(directory: string, options: BuildOptions): Promise<void> {
  const steps = progress({ json: options.output === 'json' })
  try {
    const reference = parseReference(options.tag)
    const warning = tagWarning(reference)
    if (warning !== undefined) steps.warn(warning)
    if (options.file !== undefined) {
      const builder = await buildDockerfile({ file: options.file, directory, tag: options.tag })
      steps.step(`${options.tag} is in the store of ${builder}; \`${builder} push\` brings it to the registry`)
      return
    }
    const data = dataPath(options.data)
    const record = await readRecord(data)
    const own = new Set(record === undefined ? [] : [record.registry])
    await openDataDirectory({ data })
    const store = await ImageStore.open(join(data, 'images'))
    const repository = localRepository(reference, own)
    const tag = reference.tag ?? 'latest'
    const base = options.base === undefined ? undefined : parseReference(options.base)
    const image = await buildImage({
      store,
      directory: resolve(directory),
      repository,
      tag,
      ...(base === undefined
        ? {}
        : { base: { repository: localRepository(base, own), reference: base.digest ?? base.tag ?? 'latest' } }),
      onStep: (text) => steps.step(text),
    })
    if (options.push !== undefined) {
      steps.step(`pushing to ${options.push}`)
      const credentials = await credentialsFor(options.push, data, own)
      await pushImage(
        store,
        { repository, reference: tag },
        { host: options.push, repository: reference.path, tag, ...credentials },
      )
    }
    const size = `${(image.size / 1024 / 1024).toFixed(1)} MiB`
    if (options.output === 'json') console.log(JSON.stringify({ image: options.tag, ...image }))
    else console.log(`built ${options.tag} (${image.language}, ${size}) ${image.digest}`)
  } catch (error) {
    if (error instanceof InvalidReferenceError)
      throw new CliError(error.message, { cause: error, exitCode: exitCodes.usage })
    if (error instanceof BuildError) throw new CliError(`cannot build ${directory}: ${error.message}`, { cause: error })
    throw error
  }
}

/** Our own registry's password is in the data folder; for others `BINNACLE_REGISTRY_AUTH=user:password`. */
async function credentialsFor(
  host: string,
  data: string,
  own: ReadonlySet<string>,
): Promise<{ credentials?: { username: string; password: string } }> {
  if (own.has(host)) {
    return {
      credentials: {
        username: 'binnacle',
        password: (await readFile(join(data, 'pki', 'registry-password'), 'utf8')).trim(),
      },
    }
  }
  const given = process.env['BINNACLE_REGISTRY_AUTH']
  if (given === undefined) return {}
  const colon = given.indexOf(':')
  return { credentials: { username: given.slice(0, colon), password: given.slice(colon + 1) } }
}
