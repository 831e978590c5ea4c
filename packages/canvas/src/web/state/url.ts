// What is looked at, in the address: a link shows another person the same.

export interface UrlState {
  namespace?: string
  application?: string
  /** Namespace that the environments of the application are told in. */
  home?: string
  /** Keys of the selected objects. */
  selected?: readonly string[]
  tab?: string
  /** What stands beside the settings. */
  beside?: 'yaml'
  panel?: string
  view?: 'outline'
  /** Kinds that are shown beside those that always are. */
  kinds?: readonly string[]
}

export function readUrl(search = location.search): UrlState {
  const query = new URLSearchParams(search)
  const text = (name: string): string | undefined => query.get(name) ?? undefined
  const selected = query.getAll('at')
  const kinds = query.getAll('kind')
  return {
    ...optionally('namespace', text('ns')),
    ...optionally('application', text('app')),
    ...optionally('home', text('home')),
    ...(selected.length > 0 ? { selected } : {}),
    ...(kinds.length > 0 ? { kinds } : {}),
    ...optionally('tab', text('tab')),
    ...(text('beside') === 'yaml' ? { beside: 'yaml' } : {}),
    ...optionally('panel', text('panel')),
    ...(text('view') === 'outline' ? { view: 'outline' } : {}),
  }
}

/** A new place is a step of the browser's history; a selection is not. */
export function writeUrl(state: UrlState, { push = false } = {}): void {
  const query = new URLSearchParams()
  if (state.namespace !== undefined) query.set('ns', state.namespace)
  if (state.application !== undefined) query.set('app', state.application)
  if (state.home !== undefined) query.set('home', state.home)
  for (const key of state.selected ?? []) query.append('at', key)
  for (const kind of state.kinds ?? []) query.append('kind', kind)
  if (state.tab !== undefined) query.set('tab', state.tab)
  if (state.beside !== undefined) query.set('beside', state.beside)
  if (state.panel !== undefined) query.set('panel', state.panel)
  if (state.view !== undefined) query.set('view', state.view)
  const search = query.toString()
  const target = search === '' ? '/' : `/?${search}`
  if (target === `${location.pathname}${location.search}`) return
  if (push) history.pushState(null, '', target)
  else history.replaceState(null, '', target)
}

function optionally<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: string }
}
