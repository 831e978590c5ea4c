// Dark, light, or as the system has it; kept for this browser.

export type Theme = 'dark' | 'light'

const key = 'binnacle.theme'

export function currentTheme(): Theme {
  const kept = localStorage.getItem(key)
  if (kept === 'dark' || kept === 'light') return kept
  return window.matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark'
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
}

export function switchTheme(): Theme {
  const next = currentTheme() === 'dark' ? 'light' : 'dark'
  localStorage.setItem(key, next)
  applyTheme(next)
  return next
}
