// Events of both groups (pkg/apis/core/validation/events.go: what every event must satisfy, in either version).

import { field } from '../field-error.ts'
import type { Event, EventsV1Event } from '../generated/kinds.ts'
import { isQualifiedName, nameIsPathSegment } from '../names.ts'
import { addInvalid, type FieldErrors } from './fields.ts'
import type { KindValidation } from './kind-validation.ts'

const shortTextLimit = 128
const messageLimit = 1024

/** What both versions hold, under the names of core/v1; the field name of the controller differs. */
interface Occurrence {
  namespace: string
  eventTime: string | null | undefined
  involvedNamespace: string
  controllerField: 'reportingComponent' | 'reportingController'
  controller: string
  instance: string
  action: string
  reason: string
  messageField: 'message' | 'note'
  message: string
}

function validateOccurrence(event: Occurrence, errors: FieldErrors): void {
  validateInvolvedNamespace(event, errors)
  // Events of the first generation have no eventTime and are not held to what follows.
  if (!event.eventTime) return
  if (event.controller === '') errors.push(field.required(event.controllerField, ''))
  addInvalid(errors, event.controllerField, event.controller, isQualifiedName(event.controller))
  validateText(errors, 'reportingInstance', event.instance)
  validateText(errors, 'action', event.action)
  validateText(errors, 'reason', event.reason)
  if (event.message.length > messageLimit) {
    errors.push(field.invalid(event.messageField, '', `can have at most ${messageLimit} characters`))
  }
}

function validateInvolvedNamespace(event: Occurrence, errors: FieldErrors): void {
  const { namespace, involvedNamespace } = event
  const homes = event.eventTime ? ['default', 'kube-system'] : ['', 'default']
  const fits = involvedNamespace === '' ? homes.includes(namespace) : event.eventTime || namespace === involvedNamespace
  if (fits) return
  errors.push(field.invalid('involvedObject.namespace', involvedNamespace, 'does not match event.namespace'))
}

function validateText(errors: FieldErrors, path: string, text: string): void {
  if (text === '') errors.push(field.required(path, ''))
  else if (text.length > shortTextLimit) {
    errors.push(field.invalid(path, '', `can have at most ${shortTextLimit} characters`))
  }
}

function validateEvent(event: Event, errors: FieldErrors): void {
  validateOccurrence(
    {
      namespace: event.metadata.namespace ?? '',
      eventTime: event.eventTime,
      involvedNamespace: event.involvedObject?.namespace ?? '',
      controllerField: 'reportingComponent',
      controller: event.reportingComponent ?? '',
      instance: event.reportingInstance ?? '',
      action: event.action ?? '',
      reason: event.reason ?? '',
      messageField: 'message',
      message: event.message ?? '',
    },
    errors,
  )
}

function validateEventsV1Event(event: EventsV1Event, errors: FieldErrors): void {
  if (!event.eventTime) errors.push(field.required('eventTime', ''))
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.push(field.invalid('type', '', 'has invalid value: '.concat(event.type ?? '')))
  }
  validateOccurrence(
    {
      namespace: event.metadata?.namespace ?? '',
      eventTime: event.eventTime,
      involvedNamespace: event.regarding?.namespace ?? '',
      controllerField: 'reportingController',
      controller: event.reportingController ?? '',
      instance: event.reportingInstance ?? '',
      action: event.action ?? '',
      reason: event.reason ?? '',
      messageField: 'note',
      message: event.note ?? '',
    },
    errors,
  )
}

export const eventValidations: Readonly<Record<string, KindValidation>> = {
  '/Event': { name: nameIsPathSegment, create: validateEvent },
  'events.k8s.io/Event': { name: nameIsPathSegment, create: validateEventsV1Event, update: () => undefined },
}
