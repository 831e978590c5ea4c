// Requests about the protocol rather than a kind: options, encodings, patches, deletion, impersonation and authorization.
// What they refer to they make themselves, in a namespace of their own, so that their order matters.

import type { Case } from '../case.ts'

export const protocolCases: readonly Case[] = [
  {
    name: 'protocol: POST /api/v1/namespaces',
    method: 'POST',
    path: '/api/v1/namespaces',
    body: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: 'cmp',
      },
    },
  },
  {
    name: 'protocol: ns again',
    method: 'POST',
    path: '/api/v1/namespaces',
    body: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: 'cmp',
      },
    },
  },
  {
    name: 'protocol: POST /api/v1/namespaces/cmp/serviceaccounts',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/serviceaccounts',
    body: {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: {
        name: 'default',
      },
    },
  },
  {
    name: 'protocol: cm create',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
        labels: {
          x: '1',
        },
      },
      data: {
        k: 'v',
      },
    },
  },
  {
    name: 'protocol: cm exists',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
      },
    },
  },
  {
    name: 'protocol: no name',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {},
    },
  },
  {
    name: 'protocol: bad name',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'A_b',
      },
    },
  },
  {
    name: 'protocol: bad ns',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'b',
        namespace: 'other',
      },
      data: {},
    },
  },
  {
    name: 'protocol: no such ns',
    method: 'POST',
    path: '/api/v1/namespaces/nope/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'b',
      },
    },
  },
  {
    name: 'protocol: rv on create',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'b',
        resourceVersion: '5',
      },
      data: {},
    },
  },
  {
    name: 'protocol: wrong kind',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'x',
      },
    },
  },
  {
    name: 'protocol: wrong apiVersion',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v2',
      kind: 'ConfigMap',
      metadata: {
        name: 'x',
      },
    },
  },
  {
    name: 'protocol: unknown kind',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'Foo',
      metadata: {
        name: 'x',
      },
    },
  },
  {
    name: 'protocol: no kind',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      metadata: {
        name: 'nokind',
      },
    },
  },
  {
    name: 'protocol: empty body',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '',
  },
  {
    name: 'protocol: broken json',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '{"a":',
  },
  {
    name: 'protocol: array body',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '[]',
  },
  {
    name: 'protocol: string body',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '"x"',
  },
  {
    name: 'protocol: mistyped',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'x',
      },
      data: {
        a: 1,
      },
    },
  },
  {
    name: 'protocol: mistyped labels',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'x',
        labels: {
          a: 1,
        },
      },
    },
  },
  {
    name: 'protocol: mistyped replicas',
    method: 'POST',
    path: '/apis/apps/v1/namespaces/cmp/deployments',
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'q',
      },
      spec: {
        replicas: 'two',
      },
    },
  },
  {
    name: 'protocol: bad content type',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    headers: {
      'content-type': 'text/plain',
    },
    body: 'x',
  },
  {
    name: 'protocol: form content type',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"form"}}',
  },
  {
    name: 'protocol: yaml body',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    headers: {
      'content-type': 'application/yaml',
    },
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y\ndata:\n  on: "yes"\n  t: 2024-01-01\n',
  },
  {
    name: 'protocol: yaml body 2',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    headers: {
      'content-type': 'application/yaml',
    },
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y2\ndata:\n  a: "1"\n  a: "2"\n',
  },
  {
    name: 'protocol: strict unknown',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps?fieldValidation=Strict',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 's',
        bar: 2,
      },
      foo: 1,
    },
  },
  {
    name: 'protocol: strict dup',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps?fieldValidation=Strict',
    body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s","name":"s"},"data":{"a":"1","a":"2"},"foo":1}',
  },
  {
    name: 'protocol: strict yaml dup',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps?fieldValidation=Strict',
    headers: {
      'content-type': 'application/yaml',
    },
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: y3\n  foo: 1\ndata:\n  a: "1"\n  a: "2"\n',
  },
  {
    name: 'protocol: warn unknown',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps?fieldValidation=Warn',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'w',
      },
      foo: 1,
    },
  },
  {
    name: 'protocol: default unknown',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'w2',
      },
      foo: 1,
    },
  },
  {
    name: 'protocol: ignore unknown',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps?fieldValidation=Ignore',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'w3',
      },
      foo: 1,
    },
  },
  {
    name: 'protocol: bad fieldValidation',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps?fieldValidation=Foo',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'w4',
      },
    },
  },
  {
    name: 'protocol: strict dep',
    method: 'POST',
    path: '/apis/apps/v1/namespaces/cmp/deployments?fieldValidation=Strict',
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'q',
      },
      spec: {
        replicas: 2,
        selector: {
          matchLabels: {
            a: 'b',
          },
        },
        template: {
          metadata: {
            labels: {
              a: 'b',
            },
          },
          spec: {
            bar: 1,
            containers: [
              {
                name: 'c',
                image: 'i',
                baz: 1,
              },
            ],
          },
        },
        foo: 1,
      },
    },
  },
  {
    name: 'protocol: dryRun',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps?dryRun=All',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'dry',
      },
    },
  },
  {
    name: 'protocol: dryRun bad',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps?dryRun=Some',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'dry',
      },
    },
  },
  {
    name: 'protocol: dryRun get',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/dry',
  },
  {
    name: 'protocol: fieldManager long',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps?fieldManager=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'dry',
      },
    },
  },
  {
    name: 'protocol: fieldManager',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps?fieldManager=mgr',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'fm',
      },
      data: {
        a: 'b',
      },
    },
  },
  {
    name: 'protocol: generateName',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        generateName: 'gen-',
      },
    },
  },
  {
    name: 'protocol: generateName bad',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        generateName: 'Gen_',
      },
    },
  },
  {
    name: 'protocol: get',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a',
  },
  {
    name: 'protocol: get pretty',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a?pretty=true',
  },
  {
    name: 'protocol: get yaml',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      accept: 'application/yaml',
    },
  },
  {
    name: 'protocol: get 406',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      accept: 'text/html',
    },
  },
  {
    name: 'protocol: get table',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    },
  },
  {
    name: 'protocol: get table v1beta1',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      accept: 'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
    },
  },
  {
    name: 'protocol: get pm',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    },
  },
  {
    name: 'protocol: get pml',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    },
  },
  {
    name: 'protocol: list pm',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps',
    headers: {
      accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    },
  },
  {
    name: 'protocol: list pml',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?limit=1',
    headers: {
      accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    },
  },
  {
    name: 'protocol: list table none',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?includeObject=None&labelSelector=x',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    },
  },
  {
    name: 'protocol: list table object',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?includeObject=Object&labelSelector=x',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    },
  },
  {
    name: 'protocol: list table bad include',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?includeObject=Foo&labelSelector=x',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    },
  },
  {
    name: 'protocol: get rv future',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a?resourceVersion=99999999',
  },
  {
    name: 'protocol: get rv bad',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a?resourceVersion=x',
  },
  {
    name: 'protocol: json open object',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '{"a":x}',
  },
  {
    name: 'protocol: json bare word',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: 'trux',
  },
  {
    name: 'protocol: json quote',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: "'",
  },
  {
    name: 'protocol: json two values',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '{} {}',
  },
  {
    name: 'protocol: json no key',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '{a:1}',
  },
  {
    name: 'protocol: json no colon',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '{"a" 1}',
  },
  {
    name: 'protocol: json cut string',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '{"a":"b',
  },
  {
    name: 'protocol: json bad escape',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '{"a":"\\x"}',
  },
  {
    name: 'protocol: json bad number',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '{"a":1.x}',
  },
  {
    name: 'protocol: json number body',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: '12',
  },
  {
    name: 'protocol: json bool body',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: 'true',
  },
  {
    name: 'protocol: watch rv bad',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?watch=1&resourceVersion=x',
  },
  {
    name: 'protocol: list rv bad',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?resourceVersion=x',
  },
  {
    name: 'protocol: list rv future',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?resourceVersion=99999999',
  },
  {
    name: 'protocol: list rvm w/o rv',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?resourceVersionMatch=Exact',
  },
  {
    name: 'protocol: list rvm 0',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?resourceVersionMatch=Exact&resourceVersion=0',
  },
  {
    name: 'protocol: list rvm bad',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?resourceVersionMatch=Foo&resourceVersion=1',
  },
  {
    name: 'protocol: list limit',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?limit=2',
  },
  {
    name: 'protocol: list limit sel',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?limit=1&labelSelector=!nope',
  },
  {
    name: 'protocol: list limit neg',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?limit=-1',
  },
  {
    name: 'protocol: list limit bad',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?limit=x',
  },
  {
    name: 'protocol: list sendInitialEvents',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?sendInitialEvents=true',
  },
  {
    name: 'protocol: list sel bad',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?labelSelector=a%20b',
  },
  {
    name: 'protocol: list sel bad2',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?labelSelector=x%20in%20()',
  },
  {
    name: 'protocol: list field bad',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?fieldSelector=foo%3Dbar',
  },
  {
    name: 'protocol: list field bad2',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?fieldSelector=foo',
  },
  {
    name: 'protocol: list field name',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps?fieldSelector=metadata.name%3Da',
  },
  {
    name: 'protocol: list empty',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/secrets',
  },
  {
    name: 'protocol: list empty table',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/secrets',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    },
  },
  {
    name: 'protocol: list no ns',
    method: 'GET',
    path: '/api/v1/namespaces/nope/configmaps',
  },
  {
    name: 'protocol: get 404',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/zzz',
  },
  {
    name: 'protocol: 404 resource',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/foos',
  },
  {
    name: 'protocol: 404 group',
    method: 'GET',
    path: '/apis/foo/v1/bars',
  },
  {
    name: 'protocol: 404 version',
    method: 'GET',
    path: '/apis/apps/v2/deployments',
  },
  {
    name: 'protocol: 404 path',
    method: 'GET',
    path: '/foo',
  },
  {
    name: 'protocol: 404 subresource',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/configmaps/a/foo',
  },
  {
    name: 'protocol: 404 api',
    method: 'GET',
    path: '/api/v2',
  },
  {
    name: 'protocol: method',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
      },
    },
  },
  {
    name: 'protocol: method put coll',
    method: 'PUT',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
      },
    },
  },
  {
    name: 'protocol: method patch coll',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {},
  },
  {
    name: 'protocol: post all ns',
    method: 'POST',
    path: '/api/v1/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'q',
        namespace: 'cmp',
      },
      data: {},
    },
  },
  {
    name: 'protocol: delete all ns coll',
    method: 'DELETE',
    path: '/api/v1/configmaps',
  },
  {
    name: 'protocol: cluster in ns',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/nodes',
  },
  {
    name: 'protocol: ns obj cluster path',
    method: 'GET',
    path: '/api/v1/configmaps/a',
  },
  {
    name: 'protocol: put',
    method: 'PUT',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
        labels: {
          x: '1',
        },
      },
      data: {
        k: 'v2',
      },
    },
  },
  {
    name: 'protocol: put same',
    method: 'PUT',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
        labels: {
          x: '1',
        },
      },
      data: {
        k: 'v2',
      },
    },
  },
  {
    name: 'protocol: put bad rv',
    method: 'PUT',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
        resourceVersion: 'abc',
      },
      data: {
        k: 'v3',
      },
    },
  },
  {
    name: 'protocol: put bad uid',
    method: 'PUT',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
        uid: 'abc',
      },
      data: {
        k: 'v3',
      },
    },
  },
  {
    name: 'protocol: put name mismatch',
    method: 'PUT',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'b',
      },
      data: {
        k: 'v3',
      },
    },
  },
  {
    name: 'protocol: put no name',
    method: 'PUT',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {},
    },
  },
  {
    name: 'protocol: put 404',
    method: 'PUT',
    path: '/api/v1/namespaces/cmp/configmaps/zz',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'zz',
      },
    },
  },
  {
    name: 'protocol: put 404 uid',
    method: 'PUT',
    path: '/api/v1/namespaces/cmp/configmaps/zz',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'zz',
        uid: 'abc',
      },
      data: {},
    },
  },
  {
    name: 'protocol: put creates lease',
    method: 'PUT',
    path: '/apis/coordination.k8s.io/v1/namespaces/cmp/leases/l',
    body: {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: 'l',
      },
      spec: {},
    },
  },
  {
    name: 'protocol: put lease uncond',
    method: 'PUT',
    path: '/apis/coordination.k8s.io/v1/namespaces/cmp/leases/l',
    body: {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: 'l',
      },
      spec: {
        holderIdentity: 'x',
      },
    },
  },
  {
    name: 'protocol: put deletionTimestamp',
    method: 'PUT',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
        deletionTimestamp: '2020-01-01T00:00:00Z',
        creationTimestamp: '2020-01-01T00:00:00Z',
        selfLink: '/x',
      },
      data: {
        k: 'v2',
      },
    },
  },
  {
    name: 'protocol: merge',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      data: {
        z: '1',
      },
    },
  },
  {
    name: 'protocol: merge noop',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      data: {
        z: '1',
      },
    },
  },
  {
    name: 'protocol: merge bad',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: '[1]',
  },
  {
    name: 'protocol: merge broken',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: '{',
  },
  {
    name: 'protocol: merge name',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      metadata: {
        name: 'b',
      },
    },
  },
  {
    name: 'protocol: merge uid',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      metadata: {
        uid: 'b',
      },
    },
  },
  {
    name: 'protocol: merge unknown strict',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a?fieldValidation=Strict',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      foo: 1,
    },
  },
  {
    name: 'protocol: merge unknown warn',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      foo: 1,
    },
  },
  {
    name: 'protocol: merge mistyped',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      data: {
        a: 1,
      },
    },
  },
  {
    name: 'protocol: merge 404',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/zz',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {},
  },
  {
    name: 'protocol: jp',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/json-patch+json',
    },
    body: [
      {
        op: 'add',
        path: '/data/jp',
        value: '1',
      },
    ],
  },
  {
    name: 'protocol: jp test fail',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/json-patch+json',
    },
    body: [
      {
        op: 'test',
        path: '/data/jp',
        value: '2',
      },
    ],
  },
  {
    name: 'protocol: jp missing',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/json-patch+json',
    },
    body: [
      {
        op: 'remove',
        path: '/data/nope',
      },
    ],
  },
  {
    name: 'protocol: jp object',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/json-patch+json',
    },
    body: {},
  },
  {
    name: 'protocol: jp bad op',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/json-patch+json',
    },
    body: [
      {
        op: 'foo',
        path: '/a',
      },
    ],
  },
  {
    name: 'protocol: smp',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/strategic-merge-patch+json',
    },
    body: {
      data: {
        smp: '1',
        z: null,
      },
    },
  },
  {
    name: 'protocol: smp bad',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/strategic-merge-patch+json',
    },
    body: '[]',
  },
  {
    name: 'protocol: smp strict dup',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a?fieldValidation=Strict',
    headers: {
      'content-type': 'application/strategic-merge-patch+json',
    },
    body: '{"data":{"a":"1","a":"2"}}',
  },
  {
    name: 'protocol: patch bad type',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a',
    headers: {
      'content-type': 'application/json',
    },
    body: {},
  },
  {
    name: 'protocol: patch force',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/a?force=true',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {},
  },
  {
    name: 'protocol: ssa create',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa?fieldManager=m1',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ssa\ndata:\n  a: "1"\n',
  },
  {
    name: 'protocol: ssa again',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa?fieldManager=m1',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ssa\ndata:\n  a: "1"\n',
  },
  {
    name: 'protocol: ssa conflict',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa?fieldManager=m2',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ssa\ndata:\n  a: "2"\n',
  },
  {
    name: 'protocol: ssa force',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa?fieldManager=m2&force=true',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ssa\ndata:\n  a: "2"\n',
  },
  {
    name: 'protocol: ssa no manager',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ssa\n',
  },
  {
    name: 'protocol: ssa no kind',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa?fieldManager=m1',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: 'metadata:\n  name: ssa\n',
  },
  {
    name: 'protocol: ssa other name',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa?fieldManager=m1',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ssb\n',
  },
  {
    name: 'protocol: ssa managedFields',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa?fieldManager=m1',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'ssa',
        managedFields: [
          {
            manager: 'x',
            operation: 'Apply',
            apiVersion: 'v1',
            fieldsType: 'FieldsV1',
            fieldsV1: {},
          },
        ],
      },
    },
  },
  {
    name: 'protocol: ssa rv create',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa2?fieldManager=m1',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'ssa2',
        resourceVersion: '1',
      },
    },
  },
  {
    name: 'protocol: ssa unknown',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa?fieldManager=m1',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'ssa',
      },
      foo: 1,
    },
  },
  {
    name: 'protocol: ssa broken',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/ssa?fieldManager=m1',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: 'a: [',
  },
  {
    name: 'protocol: ssa wrong version',
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d?fieldManager=m1',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: {
      apiVersion: 'apps/v1beta1',
      kind: 'Deployment',
      metadata: {
        name: 'd',
      },
    },
  },
  {
    name: 'protocol: dep',
    method: 'POST',
    path: '/apis/apps/v1/namespaces/cmp/deployments',
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'd',
      },
      spec: {
        replicas: 2,
        selector: {
          matchLabels: {
            a: 'b',
          },
        },
        template: {
          metadata: {
            labels: {
              a: 'b',
            },
          },
          spec: {
            containers: [
              {
                name: 'c',
                image: 'i:1',
              },
            ],
          },
        },
      },
    },
  },
  {
    name: 'protocol: dep table',
    method: 'GET',
    path: '/apis/apps/v1/namespaces/cmp/deployments',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    },
  },
  {
    name: 'protocol: dep status put',
    method: 'PUT',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d/status',
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'd',
      },
      spec: {
        replicas: 9,
        selector: {
          matchLabels: {
            a: 'b',
          },
        },
        template: {
          metadata: {
            labels: {
              a: 'b',
            },
          },
          spec: {
            containers: [
              {
                name: 'c',
                image: 'i:1',
              },
            ],
          },
        },
      },
      status: {
        replicas: 2,
        observedGeneration: 1,
      },
    },
  },
  {
    name: 'protocol: dep status get',
    method: 'GET',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d/status',
  },
  {
    name: 'protocol: dep scale get',
    method: 'GET',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d/scale',
  },
  {
    name: 'protocol: dep scale table',
    method: 'GET',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d/scale',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    },
  },
  {
    name: 'protocol: dep scale patch',
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d/scale',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      spec: {
        replicas: 3,
      },
    },
  },
  {
    name: 'protocol: dep scale neg',
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d/scale',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      spec: {
        replicas: -3,
      },
    },
  },
  {
    name: 'protocol: dep smp',
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d',
    headers: {
      'content-type': 'application/strategic-merge-patch+json',
    },
    body: {
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: 'c',
                env: [
                  {
                    name: 'A',
                    value: 'b',
                  },
                ],
              },
            ],
          },
        },
      },
    },
  },
  {
    name: 'protocol: dep selector',
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      spec: {
        selector: {
          matchLabels: {
            c: 'd',
          },
        },
      },
    },
  },
  {
    name: 'protocol: dep invalid',
    method: 'POST',
    path: '/apis/apps/v1/namespaces/cmp/deployments',
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'inv',
      },
      spec: {
        replicas: -1,
      },
    },
  },
  {
    name: 'protocol: dep dryrun ssa',
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d?fieldManager=kubectl&dryRun=All',
    headers: {
      'content-type': 'application/apply-patch+yaml',
    },
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'd',
      },
      spec: {
        replicas: 2,
        selector: {
          matchLabels: {
            a: 'b',
          },
        },
        template: {
          metadata: {
            labels: {
              a: 'b',
            },
          },
          spec: {
            containers: [
              {
                name: 'c',
                image: 'i:1',
              },
            ],
          },
        },
      },
    },
  },
  {
    name: 'protocol: pod',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/pods',
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'p',
      },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i:1',
          },
        ],
      },
    },
  },
  {
    name: 'protocol: pod status patch',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/pods/p/status',
    headers: {
      'content-type': 'application/strategic-merge-patch+json',
    },
    body: {
      status: {
        phase: 'Running',
        conditions: [
          {
            type: 'Ready',
            status: 'True',
          },
        ],
      },
    },
  },
  {
    name: 'protocol: pod table',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/pods',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    },
  },
  {
    name: 'protocol: pod field sel',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/pods?fieldSelector=status.phase%3DRunning,spec.nodeName%3D',
  },
  {
    name: 'protocol: pod delete bad uid',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/pods/p',
    body: {
      preconditions: {
        uid: 'x',
      },
    },
  },
  {
    name: 'protocol: pod delete',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/pods/p',
  },
  {
    name: 'protocol: pod bound',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/pods',
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'pb',
      },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i:1',
          },
        ],
        nodeName: 'n1',
        terminationGracePeriodSeconds: 7,
      },
    },
  },
  {
    name: 'protocol: pod bound delete',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/pods/pb',
  },
  {
    name: 'protocol: pod bound delete again',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/pods/pb',
  },
  {
    name: 'protocol: pod bound delete 0',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/pods/pb?gracePeriodSeconds=0',
  },
  {
    name: 'protocol: pod bound get',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/pods/pb',
  },
  {
    name: 'protocol: pod neg grace',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/pods/pb?gracePeriodSeconds=-1',
  },
  {
    name: 'protocol: cm delete opts bad',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/configmaps/fm',
    body: {
      propagationPolicy: 'Foo',
    },
  },
  {
    name: 'protocol: cm delete opts both',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/configmaps/fm',
    body: {
      propagationPolicy: 'Orphan',
      orphanDependents: true,
    },
  },
  {
    name: 'protocol: cm delete unknown body',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/configmaps/fm',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
    },
  },
  {
    name: 'protocol: cm delete',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/configmaps/fm',
  },
  {
    name: 'protocol: cm delete 404',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/configmaps/fm',
  },
  {
    name: 'protocol: cm delete dry',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/configmaps/y?dryRun=All',
  },
  {
    name: 'protocol: cm delete rv',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/configmaps/y',
    body: {
      preconditions: {
        resourceVersion: '1',
      },
    },
  },
  {
    name: 'protocol: dep delete fg',
    method: 'DELETE',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d',
    body: {
      propagationPolicy: 'Foreground',
    },
  },
  {
    name: 'protocol: dep get fg',
    method: 'GET',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d',
  },
  {
    name: 'protocol: dep delete again',
    method: 'DELETE',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d',
  },
  {
    name: 'protocol: dep finalize',
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      metadata: {
        finalizers: null,
      },
    },
  },
  {
    name: 'protocol: dep gone',
    method: 'GET',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d',
  },
  {
    name: 'protocol: fin',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'fin',
        finalizers: ['example.com/x'],
      },
      data: {},
    },
  },
  {
    name: 'protocol: fin bad',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'fin2',
        finalizers: ['x'],
      },
      data: {},
    },
  },
  {
    name: 'protocol: fin delete',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/configmaps/fin',
  },
  {
    name: 'protocol: fin add',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/fin',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      metadata: {
        finalizers: ['example.com/x', 'example.com/y'],
      },
    },
  },
  {
    name: 'protocol: fin rm',
    method: 'PATCH',
    path: '/api/v1/namespaces/cmp/configmaps/fin',
    headers: {
      'content-type': 'application/merge-patch+json',
    },
    body: {
      metadata: {
        finalizers: [],
      },
    },
  },
  {
    name: 'protocol: owner dup',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'own',
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Pod',
            name: 'p',
            uid: '1',
          },
          {
            apiVersion: 'v1',
            kind: 'Pod',
            name: 'p',
            uid: '1',
          },
        ],
      },
      data: {},
    },
  },
  {
    name: 'protocol: owner bad',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'own2',
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Pod',
          },
        ],
      },
      data: {},
    },
  },
  {
    name: 'protocol: delete coll sel',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/configmaps?labelSelector=x',
  },
  {
    name: 'protocol: svc',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/services',
    body: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 's',
      },
      spec: {
        clusterIP: 'None',
        ports: [
          {
            port: 80,
          },
        ],
      },
    },
  },
  {
    name: 'protocol: svc delete',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/services/s',
  },
  {
    name: 'protocol: sar',
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: 'bob',
        resourceAttributes: {
          verb: 'get',
          resource: 'pods',
          namespace: 'x',
        },
      },
    },
  },
  {
    name: 'protocol: sar none',
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: 'bob',
      },
    },
  },
  {
    name: 'protocol: sar nouser',
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        resourceAttributes: {
          verb: 'get',
          resource: 'pods',
        },
      },
    },
  },
  {
    name: 'protocol: ssar',
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: {
        resourceAttributes: {
          verb: 'get',
          resource: 'pods',
        },
      },
    },
  },
  {
    name: 'protocol: ssrr',
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    headers: {
      'impersonate-user': 'bob',
    },
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: {
        namespace: 'default',
      },
    },
  },
  {
    name: 'protocol: lsar',
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/namespaces/cmp/localsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'LocalSubjectAccessReview',
      spec: {
        user: 'bob',
        resourceAttributes: {
          verb: 'get',
          resource: 'pods',
          namespace: 'x',
        },
      },
    },
  },
  {
    name: 'protocol: self',
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    headers: {
      'impersonate-user': 'bob',
      'impersonate-group': 'g1',
      'impersonate-uid': 'u1',
      'impersonate-extra-foo': 'bar',
    },
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
    },
  },
  {
    name: 'protocol: token review bad',
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: {
        token: 'x',
      },
    },
  },
  {
    name: 'protocol: token request',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/serviceaccounts/default/token',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {},
    },
  },
  {
    name: 'protocol: token short',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/serviceaccounts/default/token',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        expirationSeconds: 10,
      },
    },
  },
  {
    name: 'protocol: imp 403 list',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/pods',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp 403 list cluster',
    method: 'GET',
    path: '/api/v1/pods',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp 403 get',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/pods/p',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp 403 ns',
    method: 'GET',
    path: '/api/v1/namespaces/cmp',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp 403 ns list',
    method: 'GET',
    path: '/api/v1/namespaces',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp 403 node',
    method: 'GET',
    path: '/api/v1/nodes/n',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp 403 apps',
    method: 'GET',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp 403 scale',
    method: 'GET',
    path: '/apis/apps/v1/namespaces/cmp/deployments/d/scale',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp 403 create',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/pods',
    headers: {
      'impersonate-user': 'bob',
    },
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'x',
      },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i:1',
          },
        ],
      },
    },
  },
  {
    name: 'protocol: imp 403 delcoll',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp/pods',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp 403 path',
    method: 'GET',
    path: '/metrics',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp 403 unknown res',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/foos',
    headers: {
      'impersonate-user': 'bob',
    },
  },
  {
    name: 'protocol: imp only group',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/pods',
    headers: {
      'impersonate-group': 'g',
    },
  },
  {
    name: 'protocol: imp sa',
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    headers: {
      'impersonate-user': 'system:serviceaccount:cmp:default',
    },
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
    },
  },
  {
    name: 'protocol: api v1',
    method: 'GET',
    path: '/api/v1',
  },
  {
    name: 'protocol: apis apps v1',
    method: 'GET',
    path: '/apis/apps/v1',
  },
  {
    name: 'protocol: apis autoscaling v1',
    method: 'GET',
    path: '/apis/autoscaling/v1',
  },
  {
    name: 'protocol: apiservices',
    method: 'GET',
    path: '/apis/apiregistration.k8s.io/v1/apiservices',
  },
  {
    name: 'protocol: apiservice table',
    method: 'GET',
    path: '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    },
  },
  {
    name: 'protocol: openapi v3',
    method: 'GET',
    path: '/openapi/v3',
  },
  {
    name: 'protocol: escalate',
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    headers: {
      'impersonate-user': 'bob',
      'impersonate-group': 'editors',
    },
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: {
        name: 'esc',
      },
      rules: [
        {
          verbs: ['get'],
          apiGroups: [''],
          resources: ['secrets'],
        },
      ],
    },
  },
  {
    name: 'protocol: grant',
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: {
        name: 'rbac-editor',
      },
      rules: [
        {
          verbs: ['get', 'create', 'update', 'patch'],
          apiGroups: ['rbac.authorization.k8s.io'],
          resources: ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'],
        },
      ],
    },
  },
  {
    name: 'protocol: grantb',
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: {
        name: 'rbac-editor',
      },
      subjects: [
        {
          kind: 'Group',
          apiGroup: 'rbac.authorization.k8s.io',
          name: 'editors',
        },
      ],
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'rbac-editor',
      },
    },
  },
  {
    name: 'protocol: escalate 2',
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    headers: {
      'impersonate-user': 'bob',
      'impersonate-group': 'editors',
    },
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: {
        name: 'esc',
      },
      rules: [
        {
          verbs: ['get'],
          apiGroups: [''],
          resources: ['secrets'],
        },
        {
          verbs: ['get'],
          apiGroups: ['rbac.authorization.k8s.io'],
          resources: ['roles'],
        },
        {
          verbs: ['get'],
          nonResourceURLs: ['/metrics', '/healthz'],
        },
      ],
    },
  },
  {
    name: 'protocol: escalate ok',
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    headers: {
      'impersonate-user': 'bob',
      'impersonate-group': 'editors',
    },
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: {
        name: 'noesc',
      },
      rules: [
        {
          verbs: ['get'],
          apiGroups: ['rbac.authorization.k8s.io'],
          resources: ['roles'],
        },
      ],
    },
  },
  {
    name: 'protocol: bind',
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    headers: {
      'impersonate-user': 'bob',
      'impersonate-group': 'editors',
    },
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: {
        name: 'escb',
      },
      subjects: [
        {
          kind: 'User',
          apiGroup: 'rbac.authorization.k8s.io',
          name: 'bob',
        },
      ],
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'cluster-admin',
      },
    },
  },
  {
    name: 'protocol: bind rb',
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/namespaces/cmp/rolebindings',
    headers: {
      'impersonate-user': 'bob',
      'impersonate-group': 'editors',
    },
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: {
        name: 'escb',
      },
      subjects: [
        {
          kind: 'User',
          apiGroup: 'rbac.authorization.k8s.io',
          name: 'bob',
        },
      ],
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'view',
      },
    },
  },
  {
    name: 'protocol: bind missing',
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    headers: {
      'impersonate-user': 'bob',
      'impersonate-group': 'editors',
    },
    body: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: {
        name: 'escb',
      },
      subjects: [
        {
          kind: 'User',
          apiGroup: 'rbac.authorization.k8s.io',
          name: 'bob',
        },
      ],
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'nope',
      },
    },
  },
  {
    name: 'protocol: role upd escalate',
    method: 'PATCH',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles/noesc',
    headers: {
      'content-type': 'application/merge-patch+json',
      'impersonate-user': 'bob',
      'impersonate-group': 'editors',
    },
    body: {
      rules: [
        {
          verbs: ['get'],
          apiGroups: [''],
          resources: ['secrets'],
        },
      ],
    },
  },
  {
    name: 'protocol: namespaces table',
    method: 'GET',
    path: '/api/v1/namespaces/cmp',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    },
  },
  {
    name: 'protocol: event core',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/events',
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: 'e1',
      },
      involvedObject: {
        kind: 'Pod',
        name: 'p',
        namespace: 'cmp',
      },
      reason: 'R',
      message: 'm',
      type: 'Normal',
      source: {
        component: 'c',
      },
      count: 1,
    },
  },
  {
    name: 'protocol: event v1 get',
    method: 'GET',
    path: '/apis/events.k8s.io/v1/namespaces/cmp/events/e1',
  },
  {
    name: 'protocol: event v1 list',
    method: 'GET',
    path: '/apis/events.k8s.io/v1/namespaces/cmp/events',
  },
  {
    name: 'protocol: event v1 create',
    method: 'POST',
    path: '/apis/events.k8s.io/v1/namespaces/cmp/events',
    body: {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        name: 'e2',
      },
      eventTime: '2024-01-01T00:00:00.000000Z',
      reportingController: 'x.y/z',
      reportingInstance: 'i',
      action: 'A',
      reason: 'R',
      regarding: {
        kind: 'Pod',
        name: 'p',
        namespace: 'cmp',
      },
      note: 'm',
      type: 'Normal',
    },
  },
  {
    name: 'protocol: event core get',
    method: 'GET',
    path: '/api/v1/namespaces/cmp/events/e2',
  },
  {
    name: 'protocol: hpa v1',
    method: 'POST',
    path: '/apis/autoscaling/v1/namespaces/cmp/horizontalpodautoscalers',
    body: {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: {
        name: 'h',
      },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: 'd',
        },
        targetCPUUtilizationPercentage: 50,
      },
    },
  },
  {
    name: 'protocol: hpa v2',
    method: 'GET',
    path: '/apis/autoscaling/v2/namespaces/cmp/horizontalpodautoscalers/h',
  },
  {
    name: 'protocol: hpa v1 get',
    method: 'GET',
    path: '/apis/autoscaling/v1/namespaces/cmp/horizontalpodautoscalers/h',
  },
  {
    name: 'protocol: ns delete',
    method: 'DELETE',
    path: '/api/v1/namespaces/cmp',
  },
  {
    name: 'protocol: ns delete default',
    method: 'DELETE',
    path: '/api/v1/namespaces/default',
  },
  {
    name: 'protocol: create in term',
    method: 'POST',
    path: '/api/v1/namespaces/cmp/configmaps',
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'late',
      },
    },
  },
  {
    name: 'protocol: system objects cr',
    method: 'GET',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles/admin',
  },
  {
    name: 'protocol: system objects svc',
    method: 'GET',
    path: '/api/v1/namespaces/default/services/kubernetes',
  },
  {
    name: 'protocol: system eps',
    method: 'GET',
    path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes',
  },
  {
    name: 'protocol: pls',
    method: 'GET',
    path: '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/system',
  },
  {
    name: 'protocol: fs',
    method: 'GET',
    path: '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
  },
  {
    name: 'protocol: pcs',
    method: 'GET',
    path: '/apis/scheduling.k8s.io/v1/priorityclasses',
  },
  {
    name: 'protocol: cidr',
    method: 'GET',
    path: '/apis/networking.k8s.io/v1/servicecidrs/kubernetes',
  },
  {
    name: 'protocol: ext auth',
    method: 'GET',
    path: '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication',
  },
  {
    name: 'protocol: crs',
    method: 'GET',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    headers: {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    },
  },
  {
    name: 'protocol: crbs',
    method: 'GET',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?limit=500',
  },
  {
    name: 'protocol: roles',
    method: 'GET',
    path: '/apis/rbac.authorization.k8s.io/v1/roles',
  },
  {
    name: 'protocol: rbs',
    method: 'GET',
    path: '/apis/rbac.authorization.k8s.io/v1/rolebindings',
  },
  {
    name: 'protocol: clusterroles',
    method: 'GET',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  },
  {
    name: 'protocol: cs',
    method: 'GET',
    path: '/api/v1/componentstatuses',
  },
]
