// ResourceClaim, ResourceClaimTemplate and DeviceClass: who asks for which devices (pkg/apis/resource/validation).

import { field } from '../field-error.ts'
import type {
  DeviceClaim,
  DeviceClass,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from '../generated/kinds.ts'
import { semanticallyEqual } from '../semantic-equality.ts'
import { isExtendedResource } from './container-resources.ts'
import { maxRequests, requestNamesOf, validateRequestReferences, type RequestNames } from './device-requests.ts'
import {
  validateClassName,
  validateConfiguration,
  validateFullyQualifiedName,
  validateItems,
  validateLabelName,
  validateSelectors,
  validateToleration,
} from './devices.ts'
import type { CompileExpression } from './expressions.ts'
import { immutableMessage, validateLabels, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'
import { validateAnnotations } from './metadata.ts'
import { validateResourceClaimStatus } from './resource-claim-status.ts'
import { shownClaim } from './shown-claim.ts'

const maxAlternatives = 8
const maxConstraints = 32
const maxConfigurations = 32

function validateDeviceClaim(
  errors: FieldErrors,
  path: string,
  claim: DeviceClaim | null | undefined,
  compile: CompileExpression,
): void {
  const known = requestNamesOf(claim)
  validateItems(errors, `${path}.requests`, claim?.requests, {
    max: maxRequests,
    key: ({ name }) => name ?? '',
    each: (at, request) => validateRequest(errors, at, request, compile),
  })
  validateItems(errors, `${path}.constraints`, claim?.constraints, {
    max: maxConstraints,
    each: (at, constraint) => validateConstraint(errors, at, constraint, known),
  })
  validateItems(errors, `${path}.config`, claim?.config, {
    max: maxConfigurations,
    each: (at, config) => {
      validateRequestReferences(errors, `${at}.requests`, { names: config.requests, known })
      validateConfiguration(errors, at, config)
    },
  })
}

function validateRequest(
  errors: FieldErrors,
  path: string,
  { name = '', exactly, firstAvailable }: Partial<DeviceRequest>,
  compile: CompileExpression,
): void {
  validateLabelName(errors, `${path}.name`, name)
  const hasAlternatives = (firstAvailable ?? []).length > 0
  const only = 'exactly one of `exactly` or `firstAvailable` is required'
  if (exactly != null && hasAlternatives) {
    errors.push(field.invalid(path, null, `${only}, but multiple fields are set`))
  } else if (exactly != null) validateAsked(errors, `${path}.exactly`, exactly, compile)
  else if (!hasAlternatives) errors.push(field.required(path, only))
  else {
    validateItems(errors, `${path}.firstAvailable`, firstAvailable, {
      max: maxAlternatives,
      key: (alternative) => alternative.name ?? '',
      each: (at, alternative) => {
        validateLabelName(errors, `${at}.name`, alternative.name ?? '')
        validateAsked(errors, at, alternative, compile)
      },
    })
  }
}

function validateAsked(
  errors: FieldErrors,
  path: string,
  asked: ExactDeviceRequest | DeviceSubRequest,
  compile: CompileExpression,
): void {
  const { allocationMode: mode, count = 0 } = asked
  validateClassName(errors, `${path}.deviceClassName`, asked.deviceClassName)
  validateSelectors(errors, `${path}.selectors`, asked.selectors, compile)
  if (mode === 'All') {
    const why = "must not be specified when allocationMode is 'All'"
    if (count !== 0) errors.push(field.invalid(`${path}.count`, count, why))
  } else if (mode === 'ExactCount') {
    if (count <= 0) errors.push(field.invalid(`${path}.count`, count, 'must be greater than zero'))
  } else errors.push(field.notSupported(`${path}.allocationMode`, mode ?? '', ['All', 'ExactCount']))
  for (const [index, toleration] of (asked.tolerations ?? []).entries()) {
    validateToleration(errors, `${path}.tolerations[${index}]`, toleration)
  }
}

function validateConstraint(
  errors: FieldErrors,
  path: string,
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  known: RequestNames,
): void {
  validateRequestReferences(errors, `${path}.requests`, { names: requests, known })
  if (matchAttribute != null) validateFullyQualifiedName(errors, `${path}.matchAttribute`, matchAttribute)
  else if (distinctAttribute != null) validateFullyQualifiedName(errors, `${path}.distinctAttribute`, distinctAttribute)
  else {
    const why = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    errors.push(field.required(path, why))
  }
}

function validateClaim({ spec }: ResourceClaim, errors: FieldErrors, compile: CompileExpression): void {
  validateDeviceClaim(errors, 'spec.devices', spec?.devices, compile)
}

function validateTemplate({ spec }: ResourceClaimTemplate, errors: FieldErrors, compile: CompileExpression): void {
  validateAnnotations(errors, 'spec.metadata.annotations', spec?.metadata?.annotations)
  validateLabels(errors, 'spec.metadata.labels', spec?.metadata?.labels)
  validateDeviceClaim(errors, 'spec.spec.devices', spec?.spec?.devices, compile)
}

function validateClass({ spec }: DeviceClass, errors: FieldErrors, compile: CompileExpression): void {
  validateSelectors(errors, 'spec.selectors', spec?.selectors, compile)
  validateItems(errors, 'spec.config', spec?.config, {
    max: maxConfigurations,
    each: (at, config) => validateConfiguration(errors, at, config),
  })
  const name = spec?.extendedResourceName
  if (name != null && !isExtendedResource(name)) {
    errors.push(field.invalid('spec.extendedResourceName', name, 'must be a valid extended resource name'))
  }
}

export const resourceClaimValidation: KindValidation = {
  create: validateClaim,
  update: (claim: ResourceClaim, old: ResourceClaim, errors) => {
    if (semanticallyEqual(claim.spec, old.spec)) return
    errors.push(field.invalid('spec', shownClaim(claim.spec), immutableMessage))
  },
  statusUpdate: validateResourceClaimStatus,
}

export const resourceClaimTemplateValidation: KindValidation = {
  create: validateTemplate,
  update: (template: ResourceClaimTemplate, old: ResourceClaimTemplate, errors, compile) => {
    validateTemplate(template, errors, compile)
    if (semanticallyEqual(template.spec, old.spec)) return
    errors.push(field.invalid('spec', { Spec: shownClaim(template.spec.spec) }, immutableMessage))
  },
}

export const deviceClassValidation: KindValidation = { create: validateClass }
