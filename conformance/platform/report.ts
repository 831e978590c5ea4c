// docs/real-clusters.md: what was run, what came of it, and what a comparison does not look at.

import { type Exported, ways } from './exports.ts'
import { ignoredFields, ignoredObjects } from './normalize.ts'

export interface Report {
  /** Of the real kube-apiserver. */
  version: string
  /** What the deploys said last. */
  deployed: readonly string[]
  /** Commands that cannot work there, and what they said. */
  refusals: readonly { command: string; said: string }[]
  exports: readonly Exported[]
}

export function describe({ version, deployed, refusals, exports }: Report): string {
  return `${[
    '# Real clusters',
    '',
    `Written by \`conformance/platform/run.ts\`: kube-apiserver, kube-controller-manager and kube-scheduler ${version} with`,
    'etcd, and kwok for the node, which plays pods and runs none. All is done with `binnacle` as a user would: `install`,',
    '`controllers` beside the cluster, and `deploy` of two applications, the Shop of `examples/` (built here, pushed to a',
    'registry) and `conformance/platform/harbour`, in which everything is that becomes an object of its own.',
    '',
    ...deployed.map((line) => `    ${line}`),
    '',
    'Each deploy ends when every Microservice and DataSource is Ready.',
    '',
    '## Exports',
    '',
    'Each export is applied by the tool that it is for, in a namespace of its own; objects and fields are compared with what',
    'our controllers made of the deployed application. The Shop is exported from its files, Harbour as it is in the cluster.',
    '',
    '| application | exported as | objects | fields | differences |',
    '| --- | --- | --- | --- | --- |',
    ...exports.map(
      ({ application, way, objects, fields, differences }) =>
        `| ${application} | ${way} | ${objects} | ${fields} | ${differences.length} |`,
    ),
    ...exports.flatMap(({ differences }) => differences.map((line) => `- ${line}`)),
    '',
    'Not compared, of objects:',
    '',
    ...ignoredFields.map(({ what, why }) => `- ${what}: ${why}`),
    ...ways.flatMap(({ ignored }) => (ignored === undefined ? [] : [`- ${ignored.what}: ${ignored.why}`])),
    '',
    'Objects that are not compared:',
    '',
    ...ignoredObjects.map(({ what, why }) => `- ${what}: ${why}`),
    '',
    '## What is refused',
    '',
    ...refusals.map(({ command, said }) => `- \`${command}\`\n  \`${said}\``),
  ].join('\n')}\n`
}
