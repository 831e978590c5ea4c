// What a wire means to the pods at its start: variables with the address or the credentials of what is at its end.

import type { DataSource } from '../kinds/data-source.ts'
import type { Binding, Microservice, Use } from '../kinds/microservice.ts'
import type { RenderContext, ServiceAddress } from './context.ts'
import { bindingKeysOf, bindingSecretName } from './engines.ts'
import { variablePrefix } from './names.ts'
import { RenderError } from './render-error.ts'

/** core/v1 EnvVar, as it is rendered. */
export interface RenderedEnvVar {
  name: string
  value?: string
  valueFrom?: object
}

/** `<PREFIX>_URL`, `_HOST` and `_PORT` of a service that is used. */
export function useVariables(use: Use, field: string, context: RenderContext): RenderedEnvVar[] {
  const { port, appProtocol } = usedPort(use, field, context)
  const namespace = use.namespace ?? context.namespace
  const address = addressOf({ namespace, name: use.name, port }, context)
  if (address === undefined) throw new RenderError(field, 'UsePending', `service ${use.name} has no address yet`)
  const prefix = use.prefix ?? variablePrefix(use.name)
  const scheme = appProtocol === 'https' ? 'https' : appProtocol === 'tcp' ? 'tcp' : 'http'
  return [
    { name: `${prefix}_URL`, value: `${scheme}://${address.host}:${address.port}` },
    { name: `${prefix}_HOST`, value: address.host },
    { name: `${prefix}_PORT`, value: String(address.port) },
  ]
}

/** `<PREFIX>_URI`, `_HOST`, … of a data source that is bound, and the further ones that the binding names. */
export function bindingVariables(binding: Binding, field: string, context: RenderContext): RenderedEnvVar[] {
  const source = boundSource(binding, field, context)
  const secret = bindingSecretName(binding.name)
  const prefix = binding.prefix ?? variablePrefix(binding.name)
  const from = (name: string, key: string): RenderedEnvVar => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key } },
  })
  const keys = bindingKeysOf(source.spec)
  const known = keys.map((key) => from(`${prefix}_${variablePrefix(key)}`, key))
  const further = Object.entries(binding.env ?? {}).map(([variable, key]) => {
    if (!keys.includes(key))
      throw new RenderError(
        `${field}.env[${variable}]`,
        'BindingUnresolved',
        `data source ${binding.name} (${source.spec.type}) has no key ${key}: choose one of ${keys.join(', ')}`,
      )
    return from(variable, key)
  })
  return [...known, ...further]
}

export function boundSource(binding: Binding, field: string, { dataSources }: RenderContext): DataSource {
  const source = dataSources?.get(binding.name)
  if (source === undefined)
    throw new RenderError(
      field,
      'BindingUnresolved',
      `there is no data source ${binding.name}: add it, or remove the binding`,
    )
  return source
}

/** Where pods reach a Service: what the context says, or its DNS name. */
export function addressOf(
  service: { namespace: string; name: string; port: number },
  context: RenderContext,
): ServiceAddress | undefined {
  if (context.address !== undefined) return context.address(service)
  const host = service.namespace === context.namespace ? service.name : `${service.name}.${service.namespace}`
  return { host, port: service.port }
}

/** The data sources and services that pods of a microservice may connect to are its wires; this is who is wired to it. */
export function callersOf(name: string, { microservices }: RenderContext): string[] {
  return [...(microservices?.values() ?? [])]
    .filter(({ spec }) => spec.uses?.some((use) => use.name === name && use.namespace === undefined))
    .map(({ metadata }) => metadata.name ?? '')
    .toSorted()
}

function usedPort(use: Use, field: string, context: RenderContext): { port: number; appProtocol?: string } {
  const target: Microservice | undefined =
    use.namespace === undefined ? context.microservices?.get(use.name) : undefined
  const ports: readonly { name?: string; port: number; appProtocol?: string }[] | undefined =
    target?.spec.ports ?? context.services?.get(use.namespace === undefined ? use.name : `${use.namespace}/${use.name}`)
  if (target === undefined && ports === undefined)
    throw new RenderError(field, 'UseUnresolved', `there is no service ${use.name}: add it, or remove the wire`)
  const found = use.port === undefined ? ports?.[0] : ports?.find(({ name }) => name === use.port)
  if (found === undefined)
    throw new RenderError(
      field,
      'PortUnknown',
      use.port === undefined
        ? `service ${use.name} has no port: add one to it, or remove the wire`
        : `service ${use.name} has no port ${use.port}`,
    )
  return found
}
