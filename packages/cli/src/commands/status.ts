// `binnacle status`: what runs on the data folder and how to reach it. Exit code 1 where nothing runs.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CliError } from '../cli-error.ts'
import { dataPath, readRecord } from '../data-directory.ts'
import { ifMissing } from '../missing-file.ts'

export async function status(options: { data?: string; output?: string }): Promise<void> {
  const data = dataPath(options.data)
  const record = await readRecord(data)
  if (record === undefined) throw new CliError(`no engine runs on ${data}: start one with \`binnacle up\``)
  if (options.output === 'json') {
    console.log(JSON.stringify({ ...record, data }))
    return
  }
  const password = (await readFile(join(data, 'pki', 'registry-password'), 'utf8').catch(ifMissing(''))).trim()
  const lines: [string, string][] = [
    ['api', record.api],
    ['kubeconfig', record.kubeconfig],
    ...(record.canvas === null ? [] : [['canvas', `${record.canvas} (\`binnacle open\` logs in)`] as [string, string]]),
    ['registry', record.registry],
    ['dns', record.dns],
    ['runtime', record.runtime],
    ['data', data],
    ['pid', String(record.pid)],
  ]
  for (const [name, value] of lines) console.log(`${name.padEnd(11)} ${value}`)
  console.log(`\nkubectl     export KUBECONFIG=${record.kubeconfig}`)
  if (password !== '') console.log(`docker      docker login ${record.registry} -u binnacle -p ${password}`)
}
