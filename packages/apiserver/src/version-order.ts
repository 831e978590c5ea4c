// Which of two API versions is the newer one, where their names say so.

/** Kubernetes' order: v2 > v1 > v1beta2 > v1beta1 > v1alpha1 > anything else (apimachinery pkg/version). */
export function compareVersions(a: string, b: string): number {
  const rank = (text: string): [number, number, number] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(text)
    if (match === null) return [-1, 0, 0]
    return [match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0, Number(match[1]), Number(match[3] ?? 0)]
  }
  const [left, right] = [rank(a), rank(b)]
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2] || (a < b ? 1 : a > b ? -1 : 0)
}
