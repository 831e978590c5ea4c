// Roles for those parts of ours that upstream has no name for.

import type { BootstrapRole } from './policy.ts'

export const ownRoles: readonly { role: BootstrapRole; subjects: string }[] = [
  {
    // The Service network: what kube-proxy may, and the addresses that a cloud's load-balancer controller writes.
    role: {
      name: 'binnacle:network',
      rules: `
get,list,watch @ core @ services,endpoints,nodes
patch,update @ core @ services,services/status
get,list,watch @ discovery.k8s.io @ endpointslices
create,patch,update @ core,events.k8s.io @ events
`,
    },
    subjects: 'User binnacle:network',
  },
  {
    // The node agent. Upstream narrows system:node further by what is bound to the node (the Node authorizer).
    role: {
      name: 'binnacle:node',
      rules: `
* @ core @ nodes,nodes/status,nodes/proxy
get,list,watch,delete,patch,update @ core @ pods,pods/status
create @ core @ serviceaccounts/token
get,list,watch @ core @ services,configmaps,secrets,persistentvolumeclaims,persistentvolumes
* @ coordination.k8s.io @ leases
create,patch,update @ core,events.k8s.io @ events
get,list,watch @ storage.k8s.io,node.k8s.io @ *
`,
    },
    subjects: 'Group system:nodes',
  },
]
