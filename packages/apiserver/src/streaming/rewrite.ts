// What a proxied answer needs so that links in it lead back through the proxy.
// Upstream: k8s.io/apimachinery/pkg/util/proxy/transport.go.

/** A redirect to the server itself stays below the proxy path; one to elsewhere is left alone. */
export function rewriteLocation(location: string, { prefix, host }: { prefix: string; host: string }): string {
  if (location.startsWith('//')) return location
  if (location.startsWith('/')) return `${prefix}${location}`
  if (!/^https?:/i.test(location)) return location
  const url = new URL(location)
  // A URL drops the port that is its scheme's own.
  const isOwn = url.host === new URL(`${url.protocol}//${host}`).host
  return isOwn ? `${prefix}${url.pathname}${url.search}${url.hash}` : location
}

const linked =
  /(\s(?:action|background|cite|classid|codebase|data|formaction|href|icon|longdesc|manifest|poster|src|usemap)\s*=\s*)(["'])\/(?!\/)/gi

/** Links by absolute path in HTML. */
export function rewriteHtml(text: string, prefix: string): string {
  return text.replaceAll(linked, (_, attribute: string, quote: string) => `${attribute}${quote}${prefix}/`)
}
