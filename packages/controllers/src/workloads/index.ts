// The controllers of workloads, by the names that kube-controller-manager gives them.

import type { Controller } from '@binnacle/client'
import type { ControllerContext } from '../context.ts'

export const workloadControllers: Readonly<Record<string, (context: ControllerContext) => Controller>> = {}

/** Whom each acts as. */
export const workloadControllerUsers: Readonly<Record<string, string>> = {}
