// Custom properties may be set by `style`, as everywhere on the page.

import 'react'

declare module 'react' {
  interface CSSProperties {
    [property: `--${string}`]: string | number | undefined
  }
}
