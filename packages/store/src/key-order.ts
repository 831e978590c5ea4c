// Keys are ordered as etcd orders them: by their UTF-8 bytes. JavaScript compares UTF-16 units, which differs only where
// surrogate pairs meet U+E000..U+FFFF. Moving the surrogates above that block makes `<` on strings give the order of bytes.

const outsideCommonOrder = /[\ud800-\uffff]/

/** The string under which `<` sorts `key` by its UTF-8 bytes; nearly always the key itself. Prefixes stay prefixes. */
export function orderKey(key: string): string {
  if (!outsideCommonOrder.test(key)) return key
  let moved = ''
  for (let index = 0; index < key.length; index++) {
    const unit = key.charCodeAt(index)
    moved += String.fromCharCode(unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)
  }
  return moved
}

/** The smallest order key above everything that starts with `prefix` (itself an order key); undefined when there is none. */
export function afterPrefix(prefix: string): string | undefined {
  for (let end = prefix.length - 1; end >= 0; end--) {
    const unit = prefix.charCodeAt(end)
    if (unit < 0xffff) return prefix.slice(0, end) + String.fromCharCode(unit + 1)
  }
  return undefined
}
