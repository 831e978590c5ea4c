// As whom a service's programs run, and what they may do. The names are core/v1's; which of them stand at the pod there and
// which at a container is rendering's.

import type { ArraySchema, ObjectSchema, SchemaFor } from '../schema.ts'

/** core/v1 PodSecurityContext and SecurityContext in one. */
export interface Security {
  runAsUser?: number
  runAsGroup?: number
  runAsNonRoot?: boolean
  /** Group of the files of its disks. */
  fsGroup?: number
  supplementalGroups?: number[]
  seccompProfile?: { type: 'RuntimeDefault' | 'Unconfined' | 'Localhost'; localhostProfile?: string }
  readOnlyRootFilesystem?: boolean
  allowPrivilegeEscalation?: boolean
  capabilities?: { add?: string[]; drop?: string[] }
}

const id = (description: string): SchemaFor<number> => ({
  type: 'integer',
  format: 'int64',
  description,
  minimum: 0,
  maximum: 2_147_483_647,
})

const names = (description: string): ArraySchema<string> => ({
  type: 'array',
  description,
  'x-kubernetes-list-type': 'atomic',
  items: { type: 'string', description: 'Name without CAP_, such as NET_BIND_SERVICE; ALL.' },
})

export const securitySchema: ObjectSchema<Security> = {
  type: 'object',
  description: 'As whom the service runs, and what it may do.',
  'x-kubernetes-validations': [
    {
      rule: '!(has(self.runAsNonRoot) && self.runAsNonRoot && has(self.runAsUser) && self.runAsUser == 0)',
      message: 'user 0 is root: choose another, or remove runAsNonRoot',
      fieldPath: '.runAsUser',
    },
  ],
  properties: {
    runAsUser: id("Number of the user; the image's where absent. Of sidecars, too."),
    runAsGroup: id("Number of the group; the image's where absent. Of sidecars, too."),
    runAsNonRoot: { type: 'boolean', description: 'Refuse to start as root. Sidecars, too.' },
    fsGroup: id('Number of the group that the files of disks and scratch folders belong to.'),
    supplementalGroups: {
      type: 'array',
      description: 'Numbers of further groups.',
      'x-kubernetes-list-type': 'atomic',
      items: id('Number of a group.'),
    },
    seccompProfile: {
      type: 'object',
      description: 'Which system calls are allowed. To sidecars, too.',
      required: ['type'],
      'x-kubernetes-validations': [
        {
          rule: "has(self.localhostProfile) == (self.type == 'Localhost')",
          message: 'type: Localhost and localhostProfile belong together',
          fieldPath: '.localhostProfile',
        },
      ],
      properties: {
        type: {
          type: 'string',
          description: "RuntimeDefault is the runtime's own, Localhost a file of the node.",
          enum: ['RuntimeDefault', 'Unconfined', 'Localhost'],
        },
        localhostProfile: { type: 'string', description: "Path of the file below the kubelet's folder of profiles." },
      },
    },
    readOnlyRootFilesystem: {
      type: 'boolean',
      description: 'Nothing of the image can be written: name folders that can be in scratch.',
    },
    allowPrivilegeEscalation: {
      type: 'boolean',
      description: 'Whether a program may get more rights than the one that started it.',
    },
    capabilities: {
      type: 'object',
      description: 'Rights of root, one by one.',
      properties: { add: names('Rights that it gets.'), drop: names('Rights that it loses.') },
    },
  },
}
