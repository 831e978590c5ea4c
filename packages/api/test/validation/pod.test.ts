import { describe, expect, it } from 'vitest'
import { applyDefaults } from '../../src/defaults/index.ts'
import { fieldErrorText } from '../../src/field-error.ts'
import type { KubeObject } from '../../src/object.ts'
import { validateCreate, validateUpdate } from '../../src/validation/index.ts'

const kind = { group: '', version: 'v1', kind: 'Pod', namespaced: true }

function pod(spec: object): KubeObject {
  const draft = {
    metadata: { name: 'x', namespace: 'default' },
    spec: { containers: [{ name: 'a', image: 'i' }], serviceAccountName: 'default', ...spec },
  } as KubeObject
  applyDefaults(kind, draft)
  return draft
}

const container = (more: object): object => ({ containers: [{ name: 'a', image: 'i', ...more }] })
const problems = (spec: object): string[] => validateCreate(kind, pod(spec)).map(fieldErrorText)
const updateProblems = (spec: object, old: object, subresource?: string): string[] =>
  validateUpdate(kind, pod(spec), pod(old), { subresource }).map(fieldErrorText)

describe('a new pod', () => {
  it.each<[string, object, string[]]>([
    ['with one container', {}, []],
    ['without containers', { containers: [] }, ['spec.containers: Required value']],
    [
      'with two containers of one name',
      {
        containers: [
          { name: 'a', image: 'i' },
          { name: 'a', image: 'i' },
        ],
      },
      ['spec.containers[1].name: Duplicate value: "a"'],
    ],
    [
      'whose request is above its limit',
      container({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      'with a resource nobody knows',
      container({ resources: { limits: { gold: '1' }, requests: {} } }),
      [
        'spec.containers[0].resources.limits[gold]: Invalid value: "gold": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.limits[gold]: Invalid value: "gold": must be a standard resource for containers',
      ]
        .flatMap((text) => [text, text.replace('limits', 'requests')])
        .sort(),
    ],
    [
      'with a mount of no volume',
      container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
    [
      'with a volume of two sources',
      { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] },
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'with a probe without a handler',
      container({ livenessProbe: {} }),
      ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    ],
    [
      'with a restart policy nobody knows',
      { restartPolicy: 'Sometimes' },
      ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      'with a key-less toleration',
      { tolerations: [{ operator: 'Equal' }] },
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      'without nameservers where the policy needs them',
      { dnsPolicy: 'None' },
      ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    ],
    [
      'with ephemeral containers',
      { ephemeralContainers: [{ name: 'e', image: 'i' }] },
      ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
    ],
  ])('%s', (_, spec, expected) => {
    expect(problems(spec).sort()).toEqual(expected)
  })

  it('should reject invalid sysctls', () => {
    const names = ['foo-', 'kernel.shmmax', 'safe-and-unsafe', '42abdllwal__eij', 'bar..']
    const sysctls = names.map((name) => ({ name, value: '1' }))
    const fields = validateCreate(kind, pod({ securityContext: { sysctls } })).map(({ field }) => field)
    expect(fields).toEqual(['spec.securityContext.sysctls[0].name', 'spec.securityContext.sysctls[4].name'])
  })
})

describe('an updated pod', () => {
  it('may have other images and more tolerations', () => {
    const tolerations = [{ key: 'a', operator: 'Exists' }]
    expect(updateProblems({ ...container({ image: 'j' }), tolerations }, {})).toEqual([])
  })

  it('may not change otherwise', () => {
    const [text, ...more] = updateProblems({ hostname: 'b' }, { hostname: 'a' })
    expect(more).toEqual([])
    expect(text).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`,/,
    )
    expect(text).toContain('"hostname": "a"')
  })

  it('keeps its containers', () => {
    const containers = [
      { name: 'a', image: 'i' },
      { name: 'b', image: 'i' },
    ]
    expect(updateProblems({ containers }, {})).toEqual([
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ])
  })

  it('gains ephemeral containers and resources only through their sub-resources', () => {
    const ephemeralContainers = [{ name: 'e', image: 'i' }]
    expect(updateProblems({ ephemeralContainers }, {})).toHaveLength(1)
    expect(updateProblems({ ephemeralContainers }, {}, 'ephemeralcontainers')).toEqual([])
    const asking = (cpu: string): object => container({ resources: { requests: { cpu } } })
    expect(updateProblems(asking('2'), asking('1'), 'resize')).toEqual([])
    expect(updateProblems(asking('2'), {}, 'resize')).toEqual([
      'spec: Invalid value: "": Pod QOS Class may not change as a result of resizing',
    ])
  })
})
