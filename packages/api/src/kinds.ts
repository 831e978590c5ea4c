// The TypeScript interfaces of all built-in kinds. Where two groups or versions have a type of the same name, one keeps
// it and the other is qualified: EventsV1Event, HorizontalPodAutoscalerV1, CoreV1ResourceClaim.
export type * from './generated/kinds.ts'
