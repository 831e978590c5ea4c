// docs/real-clusters.md: what was run, what came of it, and what a comparison does not look at.

import type { Picture } from './canvas.ts'
import type { Promotions } from './environments.ts'
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
  picture: Picture
  promotions: Promotions
}

export function describe({ version, deployed, refusals, exports, picture, promotions }: Report): string {
  return `${[
    '# Real clusters',
    '',
    `Written by \`conformance/platform/run.ts\`: kube-apiserver, kube-controller-manager and kube-scheduler ${version} with`,
    'etcd, and kwok for the node, which plays pods and runs none. All is done with `binnacle` as a user would: `install`,',
    '`controllers` beside the cluster with the rights of the account that `install` made, and `deploy` of two applications:',
    'the Shop of `examples/` (built here, pushed to a registry) and `conformance/platform/harbour`, in which everything is',
    'that becomes an object of its own.',
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
    '## The Canvas',
    '',
    '`binnacle open shop -n shop --context …` beside the Canvas of an engine that runs the Shop as processes: the accessible',
    `outline (names, kinds, wires, states) is the same, ${picture.differences.length} differences:`,
    '',
    '```yaml',
    picture.outline.replaceAll(/127\.0\.0\.1:\d+/g, 'REGISTRY').replaceAll(/(?<=sha256:\w{8})\w+/g, '…'),
    '```',
    '',
    `On the engine's nodes stand figures (${picture.figures.engine.join(', ')}). This cluster has no metrics: its nodes have none,`,
    `and the metrics tab says "${picture.figures.cluster}"`,
    '',
    '## Environments',
    '',
    'At home in the real cluster: `dev` and `staging` are namespaces of it, `production` is reached by a context of its own,',
    'behind which is the same control plane, since one runs at a time.',
    'At home on the engine: `laptop` is a namespace there, `cloud` is the real cluster, by a kubeconfig in a Secret. The first',
    'of each is deployed with `--env`, the others get its release by `binnacle promote`; what differs in an environment',
    '(`conformance/platform/environments`) stays there. A namespace that is not there is shown as `Namespace/… (new)` first, and',
    'created once the promotion is confirmed (or with `--yes`).',
    '',
    '| environment | where | release | promoted from | replicas | images |',
    '| --- | --- | --- | --- | --- | --- |',
    ...promotions.rows.map(
      ({ name, where, revision, promotedFrom, replicas, sameImages }) =>
        `| ${name} | ${where} | ${revision} | ${promotedFrom} | ${replicas} | ${sameImages ? 'same digests' : '**others**'} |`,
    ),
    '',
    'What `binnacle promote shop --to staging` shows before it is confirmed, when the memory of `cache` was changed in `dev`:',
    '',
    ...promotions.diff.split('\n').map((line) => `    ${line}`.trimEnd()),
    '',
    '## What is refused',
    '',
    ...refusals.map(({ command, said }) => `- \`${command}\`\n  \`${said}\``),
  ].join('\n')}\n`
}
