// Services that the value of an environment variable may name.

export type NamedService = { namespace: string; name: string } | { namespace: string; variablePrefix: string }

export interface VariableText {
  variable: string
  value: string
  /** Of the object; names without a namespace are in it. */
  namespace: string
}

/** Variables whose whole value may be a host's name. */
const addressVariable =
  /(?:^|_)(?:HOST|HOSTNAME|ADDR|ADDRESS|URL|URI|ENDPOINT|SERVER|SERVERS|SERVICE|BROKERS?|UPSTREAM)$/i

const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?'
/** `scheme://user:password@host`, with the host in the first group. */
const inUrl = new RegExp(`[a-z][a-z0-9+.-]*://(?:[^@/\\s]*@)?(${label}(?:\\.${label})*)`, 'gi')
const withPort = new RegExp(`(?:^|[\\s,;=])(${label}(?:\\.${label})*):\\d{1,5}(?=$|[/\\s,;])`, 'gi')
const wholeName = new RegExp(`^${label}(?:\\.${label})*$`, 'i')
const serviceVariable = /\$[({]?([A-Z0-9_]+?)_SERVICE_(?:HOST|PORT)\b/g

/** Candidates: whether such a Service exists is for the reader to find out. Each is named once. */
export function namedServices({ variable, value, namespace }: VariableText): readonly NamedService[] {
  if (value === '' || value.length > 4096) return []
  const found = new Map<string, NamedService>()
  const host = (text: string | undefined): void => {
    const service = text === undefined ? undefined : serviceOfHost(text.toLowerCase(), namespace)
    if (service !== undefined) found.set(`${service.namespace}/${service.name}`, service)
  }
  for (const [, name] of value.matchAll(inUrl)) host(name)
  for (const [, name] of value.matchAll(withPort)) host(name)
  if (addressVariable.test(variable) && wholeName.test(value)) host(value)
  for (const [, prefix = ''] of value.matchAll(serviceVariable))
    found.set(`$${prefix}`, { namespace, variablePrefix: prefix })
  return [...found.values()]
}

/** `api`, `api.shop`, `api.shop.svc`, `api.shop.svc.cluster.local`; undefined for a host that cannot be a Service. */
function serviceOfHost(host: string, namespace: string): { namespace: string; name: string } | undefined {
  if (/^[\d.]+$/.test(host) || host === 'localhost') return undefined
  const [name = '', second, third, ...rest] = host.split('.')
  if (second === undefined) return { namespace, name }
  if (third === undefined || (third === 'svc' && (rest.length === 0 || rest.join('.') === 'cluster.local')))
    return { namespace: second, name }
  return undefined
}
