// The Kubernetes version that this engine stands for (k8s.io/apimachinery pkg/version.Info).

type VersionField =
  | 'major'
  | 'minor'
  | 'emulationMajor'
  | 'emulationMinor'
  | 'minCompatibilityMajor'
  | 'minCompatibilityMinor'
  | 'gitVersion'
  | 'gitCommit'
  | 'gitTreeState'
  | 'buildDate'
  | 'goVersion'
  | 'compiler'
  | 'platform'

export const kubernetesVersion: Readonly<Record<VersionField, string>> = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.3+binnacle',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: `node-${process.version}`,
  compiler: 'v8',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
}
