// What an image reference says about pulling it.

const tagAfterName = /:([\w][\w.-]{0,127})$/
const repository = /^[a-zA-Z0-9][a-zA-Z0-9.-]*(:[0-9]+)?(\/[a-z0-9][a-z0-9._-]*)*$/

/** Always for the tag `latest`, said or implied, else IfNotPresent (SetDefaults_Container over parsers.ParseImageName). */
export function imagePullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  const digestAt = image.indexOf('@')
  const name = digestAt === -1 ? image : image.slice(0, digestAt)
  const tag = tagAfterName.exec(name.slice(name.lastIndexOf('/') + 1))?.[1]
  if (tag !== undefined) return tag === 'latest' ? 'Always' : 'IfNotPresent'
  // A reference that does not parse has no tag, not even an implied one.
  return digestAt === -1 && repository.test(name) ? 'Always' : 'IfNotPresent'
}
