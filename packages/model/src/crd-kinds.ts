// The part of apiextensions.k8s.io/v1 that we write.

import type { KubeObject } from '@binnacle/api'

export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string
    scope: 'Namespaced' | 'Cluster'
    names: {
      kind: string
      listKind: string
      plural: string
      singular: string
      shortNames: readonly string[]
      categories: readonly string[]
    }
    versions: readonly {
      name: string
      served: boolean
      storage: boolean
      schema: { openAPIV3Schema: Readonly<Record<string, unknown>> }
      subresources: Readonly<Record<string, unknown>>
      additionalPrinterColumns: readonly object[]
    }[]
  }
}
