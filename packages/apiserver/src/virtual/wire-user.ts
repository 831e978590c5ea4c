// A user as authentication.k8s.io/v1 UserInfo.

import type { UserInfo } from '@binnacle/api'

export function wireUser({ username, uid, groups, extra }: UserInfo): Record<string, unknown> {
  return { username, ...(uid === undefined ? {} : { uid }), groups, ...(extra === undefined ? {} : { extra }) }
}
