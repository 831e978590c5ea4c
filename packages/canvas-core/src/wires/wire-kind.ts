// What a wire is: a field of an object that names another object. A kind of wire says how it is read and, where one can
// draw it, how it is written. The registry is open: kinds of objects that come later bring their kinds of wires.

import type { Unstructured } from '@binnacle/api'
import type { FieldPath } from '../field-path.ts'
import type { KindKey, ObjectKey } from '../object-key.ts'

/** What a field says about the object it means. */
export type WireTarget =
  /** The first of these kinds of which an object with that name exists. */
  | { readonly kinds: readonly KindKey[]; readonly namespace: string; readonly name: string }
  /** Every object of these kinds whose pods (or which itself) have the labels. */
  | {
      readonly kinds: readonly KindKey[]
      readonly namespace: string
      readonly selector: Readonly<Record<string, string>>
    }
  /** The Service whose variables start with the prefix: `CACHE` of `CACHE_SERVICE_HOST`. */
  | { readonly kinds: readonly KindKey[]; readonly namespace: string; readonly variablePrefix: string }

/** A field of an object that means another one; found without looking at any other object. */
export interface Reference {
  readonly path: FieldPath
  readonly target: WireTarget
  /** In a word or two, where the field says more than that there is a wire: `http`, `/api`, `DATABASE_URL`. */
  readonly label?: string
  /** Why there is a wire, in a sentence: `the variable CACHE_URL names the Service cache`. Of wires that were not drawn. */
  readonly reason?: string
  /** Nothing is missing where the target does not exist: it may be outside, or another kind of reference. */
  readonly isGuess?: boolean
  /** The field at this path is the target's name and nothing else, so that it can follow when the target is renamed. */
  readonly namePath?: FieldPath
}

export interface WireKind {
  readonly id: string
  /** `uses`, `binds to`, `selects`: between the names of the two ends. */
  readonly verb: string
  readonly from: readonly KindKey[] | 'any'
  readonly to: readonly KindKey[] | 'any'
  readonly read: (object: Unstructured) => readonly Reference[]
  /** The object with a wire to the target. A kind without it cannot be drawn: its wires are read from fields only. */
  readonly connect?: (object: Unstructured, target: Unstructured) => Unstructured
  /** The object without the wire whose field is at the path. */
  readonly disconnect?: (object: Unstructured, path: FieldPath) => Unstructured
  /** The object with the wire at the path led to another target: what is said beside the name stays. */
  readonly reconnect?: (object: Unstructured, path: FieldPath, target: Unstructured) => Unstructured
  /** Another object with the wire that is at the path of the first: what is said beside the name comes along. */
  readonly carry?: (object: Unstructured, path: FieldPath, other: Unstructured) => Unstructured
  /** Why this pair cannot be wired although the kinds fit; undefined where it can. */
  readonly refuse?: (object: Unstructured, target: Unstructured) => string | undefined
}

/** A wire between two objects that are there. */
export interface Wire {
  /** Stays the same as long as the wire does. */
  readonly id: string
  /** Id of its WireKind. */
  readonly kind: string
  readonly from: ObjectKey
  readonly to: ObjectKey
  /** Field of `from` that the wire is. */
  readonly path: FieldPath
  /** Drawn, and so can be removed and led elsewhere; otherwise read from a field, for the reason said. */
  readonly isDrawn: boolean
  readonly label?: string
  readonly reason?: string
  readonly namePath?: FieldPath
}
