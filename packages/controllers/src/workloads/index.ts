// The controllers of workloads, by the names that kube-controller-manager gives them.

import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'
import { startCronJobController } from './cron-job/cron-job-controller.ts'
import { startDaemonSetController } from './daemon-set/daemon-set-controller.ts'
import { startDeploymentController } from './deployment-controller.ts'
import { startJobController } from './job/job-controller.ts'
import { startTtlAfterFinishedController } from './job/ttl-after-finished-controller.ts'
import { startReplicaSetController, startReplicationControllerController } from './replica-set-controller.ts'
import { startStatefulSetController } from './stateful-set/stateful-set-controller.ts'

export const workloadControllers: Readonly<Record<string, (context: ControllerContext) => Controller>> = {
  'replicaset-controller': startReplicaSetController,
  'replicationcontroller-controller': startReplicationControllerController,
  'deployment-controller': startDeploymentController,
  'statefulset-controller': startStatefulSetController,
  'daemonset-controller': startDaemonSetController,
  'job-controller': startJobController,
  'cronjob-controller': startCronJobController,
  'ttl-after-finished-controller': startTtlAfterFinishedController,
}

/** Whom each acts as: the accounts for which the API server has roles (`system:controller:<account>`). */
export const workloadControllerUsers: Readonly<Record<string, string>> = {
  'replicaset-controller': account('replicaset-controller'),
  'replicationcontroller-controller': account('replication-controller'),
  'deployment-controller': account('deployment-controller'),
  'statefulset-controller': account('statefulset-controller'),
  'daemonset-controller': account('daemon-set-controller'),
  'job-controller': account('job-controller'),
  'cronjob-controller': account('cronjob-controller'),
  'ttl-after-finished-controller': account('ttl-after-finished-controller'),
}

function account(name: string): string {
  return `system:serviceaccount:kube-system:${name}`
}
