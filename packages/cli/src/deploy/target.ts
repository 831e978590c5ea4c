// The cluster that a command speaks to: the engine of the data folder, or a context of a kubeconfig with its user's own
// credentials.

import {
  type ApiConnection,
  type Client,
  type KubeContext,
  KubeconfigError,
  createApiConnection,
  createClient,
  createHttpTransport,
  loadKubeconfig,
} from '@binnacle/client'
import { CliError } from '../cli-error.ts'
import { type EngineRecord, dataPath, readRecord } from '../data-directory.ts'

export interface TargetOptions {
  /** Folder of the engine. */
  data?: string
  kubeconfig?: string
  context?: string
  namespace?: string
}

export interface Target extends Disposable {
  readonly client: Client
  /** For streams, which the typed client does not have. */
  readonly connection: ApiConnection
  readonly namespace: string
  /** What to say of it in messages. */
  readonly name: string
  /** The engine of this machine, where that is what is spoken to. */
  readonly engine?: EngineRecord
}

/** @throws CliError where there is no such cluster */
export async function connectTarget(options: TargetOptions, warn: (text: string) => void): Promise<Target> {
  const record = await readRecord(dataPath(options.data))
  const isNamed = options.context !== undefined || options.kubeconfig !== undefined
  if (!isNamed && record === undefined)
    throw new CliError(
      `no engine runs on ${dataPath(options.data)}: start one with \`binnacle up\`, or name a cluster with --context`,
    )
  const paths = options.kubeconfig ?? (isNamed ? undefined : record?.kubeconfig)
  try {
    const kubeconfig = await loadKubeconfig(paths)
    const context = await kubeconfig.context(options.context)
    const isEngine = record !== undefined && new URL(context.cluster.server).origin === new URL(record.api).origin
    return connectCluster(context, {
      namespace: options.namespace ?? context.namespace,
      name: isNamed ? `context ${context.name}` : 'the engine',
      warn,
      ...(isEngine ? { engine: record } : {}),
    })
  } catch (error) {
    if (error instanceof KubeconfigError)
      throw new CliError(`${error.message}: \`kubectl config get-contexts\` lists what there is`, { cause: error })
    throw error
  }
}

export interface ClusterOptions {
  namespace: string
  name: string
  warn?: (text: string) => void
  engine?: EngineRecord
}

export function connectCluster(context: KubeContext, { namespace, name, warn, engine }: ClusterOptions): Target {
  const { cluster, user } = context
  const transport = createHttpTransport({
    cluster,
    user,
    userAgent: 'binnacle',
    ...(warn === undefined ? {} : { onWarning: warn }),
  })
  const connection = createApiConnection({ cluster, user, userAgent: 'binnacle' })
  return {
    client: createClient(transport),
    connection,
    namespace,
    name,
    ...(engine === undefined ? {} : { engine }),
    [Symbol.dispose]() {
      transport.close()
      connection.close()
    },
  }
}
