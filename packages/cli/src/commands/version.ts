// `binnacle version`.

import { kubernetesVersion } from '@binnacle/apiserver'
import packageJson from '../../package.json' with { type: 'json' }

export function version(options: { output?: string }): void {
  const versions = { binnacle: packageJson.version, kubernetes: kubernetesVersion.gitVersion, node: process.version }
  if (options.output === 'json') console.log(JSON.stringify(versions))
  else console.log(`binnacle ${versions.binnacle} · Kubernetes ${versions.kubernetes} · Node.js ${versions.node}`)
}
