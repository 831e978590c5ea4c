// How lists are searched: by what an item is called, never by letters strewn over it, so that the first hit is no surprise.

/** 1: begins with it; less: a word begins with it, it is inside; 0: not at all. `words` are all the item's names. */
export function listFilter(_value: string, search: string, words: readonly string[] = []): number {
  const wanted = search.trim().toLowerCase()
  if (wanted === '') return 1
  return Math.max(0, ...words.map((word, index) => score(word.toLowerCase(), wanted) * (index === 0 ? 1 : 0.9)))
}

function score(word: string, wanted: string): number {
  if (word === wanted) return 1
  const at = word.indexOf(wanted)
  if (at === 0) return 0.95
  if (at < 0) return 0
  return /[a-z0-9]/.test(word[at - 1] ?? '') ? 0.4 : 0.7
}
